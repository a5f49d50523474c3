# After the suite instances: two agents, each with its own configuration and socket.

control 'instance' do
  describe service('pgsidecar@reports.service') do
    it { should be_enabled }
    it { should be_running }
  end

  describe file('/run/pgsidecar-reports/.s.PGSQL.5432') do
    it { should be_socket }
  end

  describe yaml('/etc/pgsidecar/reports.yml') do
    its('default_pool_size') { should eq 2 }
    its('sources') { should eq ['/etc/pgsidecar/sources/reports/application.yml'] }
  end
end

control 'main agent' do
  describe service('pgsidecar.service') do
    it { should be_running }
  end
end
