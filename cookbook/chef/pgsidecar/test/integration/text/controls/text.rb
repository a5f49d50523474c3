# After the suite text: the fetched text is a file that only the agent and root may read.

control 'source' do
  describe file('/etc/pgsidecar/sources/default') do
    its('mode') { should cmp '0750' }
  end

  describe file('/etc/pgsidecar/sources/default/application.yml') do
    its('owner') { should eq 'root' }
    its('group') { should eq 'pgsidecar-config' }
    its('mode') { should cmp '0640' }
  end

  describe file('/etc/systemd/system/pgsidecar.service.d/50-chef-groups.conf') do
    it { should_not exist }
  end

  describe command('find /var/chef/backup /var/chef/cache -name "*application.yml*"') do
    its('stdout') { should eq '' }
  end
end

control 'service' do
  describe service('pgsidecar.service') do
    it { should be_running }
  end
end
