# An application without a file on the node: its text comes from elsewhere, by a block.

require 'securerandom'

include_recipe 'pgsidecar::_install'

fetched = lambda do
  Chef::Log.info('the text is fetched')
  kept = '/etc/pgsidecar/sources/default/application.yml'
  next ::File.read(kept) if node['test']['password'].nil? && ::File.exist?(kept)

  Test.application_yml(node['test']['password'] || SecureRandom.hex(16), node['test']['port'])
end

pgsidecar_config 'default' do
  source_text(lazy { fetched.call })
  settings node['test']['settings']
  secret_settings 'users' => { 'reporting' => { 'password' => node['test']['password'] || 'made-up-by-nobody' } }
  notifies :reload, 'pgsidecar_service[default]', :delayed
end

pgsidecar_service 'default'
