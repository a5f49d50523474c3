# Stands for ChefSpec's use of Policyfile.rb, which the double does not read.

require_relative '../../lib/chefspec'
