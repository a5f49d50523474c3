# Deploys an application: its user, and an application.yml that only its group may read.

require 'securerandom'

group 'idp' do
  system true
end

user 'idp' do
  system true
  gid 'idp'
end

%w(/srv/idp /srv/idp/config).each do |path|
  directory path do
    owner 'idp'
    group 'idp'
    mode '0750'
  end
end

path = '/srv/idp/config/application.yml'
given = node['test']['password']

file path do
  content Test.application_yml(given || SecureRandom.hex(16), node['test']['port'])
  owner 'idp'
  group 'idp'
  mode '0640'
  sensitive true
  backup false
  # The password that was made up stays, so that a second run changes nothing.
  not_if { given.nil? && ::File.exist?(path) }
end
