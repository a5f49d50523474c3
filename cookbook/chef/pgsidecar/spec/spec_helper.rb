# What the specs have in common: ChefSpec on the Policyfile, on one Debian.

require 'chefspec'
require 'chefspec/policyfile'

RSpec.configure do |config|
  config.platform = 'debian'
  config.version = '12'
  config.log_level = :error
end
