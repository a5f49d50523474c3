# Two agents: the main one from a file, an instance from a node attribute, which names no password.

include_recipe 'test::application'

node.default['pgsidecar']['application_yml'] = '/srv/idp/config/application.yml'
node.default['pgsidecar']['client_users'] = %w(idp)
node.default['test']['reports'] = {
  'production' => {
    'database_host' => '127.0.0.1', 'database_name' => 'reports', 'database_username' => 'reports_app',
    'database_password' => %w(env REPORTS_PASSWORD), 'database_sslmode' => 'disable',
  },
}

include_recipe 'pgsidecar::default'

file '/etc/pgsidecar/reports.environment' do
  content "# What the unit gives the agent.\nREPORTS_PASSWORD='#{node['test']['password'] || 'made up: by nobody'}'\n"
  owner 'root'
  group 'root'
  mode '0600'
  sensitive true
  backup false
end

pgsidecar_config 'reports' do
  source_attribute %w(test reports)
  settings 'default_pool_size' => 2
  notifies :reload, 'pgsidecar_service[reports]', :delayed
end

pgsidecar_service 'reports'
