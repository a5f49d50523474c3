# After the suite default: installed, configured from the application's own file, running, and closed to strangers.

control 'package' do
  describe package('pgsidecar') do
    it { should be_installed }
  end
end

control 'configuration' do
  describe file('/etc/pgsidecar/pgsidecar.yml') do
    its('owner') { should eq 'root' }
    its('group') { should eq 'pgsidecar-config' }
    its('mode') { should cmp '0640' }
  end

  describe yaml('/etc/pgsidecar/pgsidecar.yml') do
    its('sources') { should eq ['/srv/idp/config/application.yml'] }
  end

  describe command('pgsidecar check --config /etc/pgsidecar/pgsidecar.yml') do
    its('exit_status') { should eq 0 }
  end

  describe file('/etc/systemd/system/pgsidecar.service.d/50-chef-groups.conf') do
    its('content') { should match(/^SupplementaryGroups=idp$/) }
  end
end

control 'service' do
  %w(pgsidecar.socket pgsidecar.service).each do |unit|
    describe service(unit) do
      it { should be_enabled }
      it { should be_running }
    end
  end

  describe file('/run/pgsidecar/.s.PGSQL.5432') do
    it { should be_socket }
    its('group') { should eq 'pgsidecar' }
    its('mode') { should cmp '0660' }
  end

  describe command('pgsidecar status --json') do
    its('exit_status') { should eq 0 }
  end
end

control 'who may connect' do
  describe group('pgsidecar') do
    its('members') { should include 'idp' }
  end
end
