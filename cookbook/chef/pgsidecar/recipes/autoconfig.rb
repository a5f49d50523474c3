# Finds the application's own application.yml and serves what it names: nothing is said twice, and no password passes through Chef.

wanted = Pgsidecar::Cookbook::NodeAttributes.checked(node['pgsidecar'])

# Looked for when the agent is configured, so that the application may be deployed earlier in the same run.
files = lambda do
  Array(wanted['application_yml'] || Pgsidecar::Cookbook::Autoconfig.application_yml(wanted['application_yml_places']))
end
users = lambda do
  wanted['client_users'] || Pgsidecar::Cookbook::Autoconfig.users(files.call.first)
end

include_recipe 'pgsidecar::_install'

pgsidecar_config 'default' do
  source(lazy { files.call })
  environment wanted['environment']
  settings wanted['settings'] || {}
  client_users(lazy { users.call })
  notifies :reload, 'pgsidecar_service[default]', :delayed
end

pgsidecar_service 'default'

include_recipe 'pgsidecar::_instances'
