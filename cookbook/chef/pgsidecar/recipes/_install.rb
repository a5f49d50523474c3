# Installs the package as the node's attributes say.

wanted = Pgsidecar::Cookbook::NodeAttributes.checked(node['pgsidecar'])

pgsidecar_install 'default' do
  package_name wanted['package_name']
  version wanted['version'] if wanted['version']
  package_file wanted['package_file'] if wanted['package_file']
  package_url wanted['package_url'] if wanted['package_url']
  checksum wanted['package_checksum'] if wanted['package_checksum']
  allow_downgrade wanted['allow_downgrade']
end
