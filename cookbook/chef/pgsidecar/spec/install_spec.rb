# pgsidecar_install: which package resource it declares, and what it refuses.

describe 'pgsidecar_install' do
  step_into :pgsidecar_install

  before do
    stubs_for_current_value('pgsidecar_install[default]') do |resource|
      allow(resource).to receive_shell_out('dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', 'pgsidecar', exitstatus: 1)
      allow(resource).to receive_shell_out('rpm', '-q', '--queryformat', '%{VERSION}-%{RELEASE}', 'pgsidecar', exitstatus: 1)
    end
  end

  context 'from a repository' do
    recipe do
      pgsidecar_install 'default' do
        version '0.1.0-1'
      end
    end

    it { is_expected.to install_package('pgsidecar').with(version: '0.1.0-1') }
  end

  context 'from a file on Debian' do
    before do
      allow(File).to receive(:file?).and_call_original
      allow(File).to receive(:file?).with('/opt/pgsidecar.deb').and_return(true)
      stubs_for_provider('pgsidecar_install[default]') do |provider|
        allow(provider).to receive_shell_out('dpkg-deb', '-f', '/opt/pgsidecar.deb', 'Version', stdout: "0.1.0-1\n")
      end
    end

    recipe do
      pgsidecar_install 'default' do
        package_file '/opt/pgsidecar.deb'
      end
    end

    it 'installs that very version, and keeps the configuration that Chef wrote' do
      is_expected.to install_dpkg_package('pgsidecar')
        .with(source: '/opt/pgsidecar.deb', version: '0.1.0-1', options: %w(--force-confdef --force-confold))
    end
  end

  context 'over a newer version' do
    before do
      stubs_for_current_value('pgsidecar_install[default]') do |resource|
        allow(resource).to receive_shell_out('dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', 'pgsidecar', stdout: 'installed 0.2.0-1')
      end
    end

    recipe do
      pgsidecar_install 'default' do
        version '0.1.0-1'
      end
    end

    it { expect { subject }.to raise_error(/set allow_downgrade to go back/) }
  end

  context 'from a URL without a checksum' do
    recipe do
      pgsidecar_install 'default' do
        package_url 'https://packages.example.com/pgsidecar.deb'
      end
    end

    it { expect { subject }.to raise_error(/needs its checksum/) }
  end

  context 'on a platform without a package of its kind' do
    platform 'opensuse'

    before do
      allow(File).to receive(:file?).and_call_original
      allow(File).to receive(:file?).with('/opt/pgsidecar.rpm').and_return(true)
      stubs_for_provider('pgsidecar_install[default]') do |provider|
        allow(provider).to receive_shell_out('rpm', '-qp', '--queryformat', '%{VERSION}-%{RELEASE}', '/opt/pgsidecar.rpm', stdout: '0.1.0-1')
      end
    end

    recipe do
      pgsidecar_install 'default' do
        package_file '/opt/pgsidecar.rpm'
      end
    end

    it { expect { subject }.to raise_error(/use a repository/) }
  end
end
