# Configures and runs the further agents that the node's attributes name.

instances = Pgsidecar::Cookbook::NodeAttributes.checked(node['pgsidecar'])['instances'] || {}

instances.each do |name, wanted|
  pgsidecar_config name do
    source wanted['application_yml'] if wanted['application_yml']
    environment wanted['environment']
    settings wanted['settings'] || {}
    client_users wanted['client_users'] || []
    notifies :reload, "pgsidecar_service[#{name}]", :delayed
  end

  pgsidecar_service name
end
