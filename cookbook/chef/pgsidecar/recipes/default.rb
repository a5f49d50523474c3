# Installs, configures and runs pgsidecar, everything by the node's attributes.

wanted = Pgsidecar::Cookbook::NodeAttributes.checked(node['pgsidecar'])

unless wanted['application_yml'] || (wanted['settings'] || {}).key?('databases')
  raise "pgsidecar: node['pgsidecar']['application_yml'] names no file, and the settings name no databases: use pgsidecar::autoconfig to look for it"
end

include_recipe 'pgsidecar::_install'

pgsidecar_config 'default' do
  source wanted['application_yml'] if wanted['application_yml']
  environment wanted['environment']
  settings wanted['settings'] || {}
  client_users wanted['client_users'] || []
  notifies :reload, 'pgsidecar_service[default]', :delayed
end

pgsidecar_service 'default'

include_recipe 'pgsidecar::_instances'
