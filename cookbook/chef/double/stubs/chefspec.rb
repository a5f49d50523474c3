# Stands for ChefSpec: the words are in the double's own file.

require_relative '../lib/chefspec'
