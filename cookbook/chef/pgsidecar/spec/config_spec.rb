# pgsidecar_config: what it writes, for whom, and what it refuses.

require 'securerandom'

describe 'pgsidecar_config' do
  step_into :pgsidecar_config

  context 'from the application\'s file' do
    recipe do
      pgsidecar_config 'default' do
        source '/srv/idp/config/application.yml'
        environment 'production'
        settings 'default_pool_size' => 5
        supplementary_groups 'idp'
        client_users 'idp'
      end
    end

    it 'writes the file, and shows it nowhere' do
      is_expected.to create_file('/etc/pgsidecar/pgsidecar.yml')
        .with(owner: 'root', group: 'pgsidecar-config', mode: '0640', sensitive: true, backup: false)
      is_expected.to render_file('/etc/pgsidecar/pgsidecar.yml')
        .with_content("sources:\n- \"/srv/idp/config/application.yml\"\nenvironment: production\ndefault_pool_size: 5\n")
    end

    it 'lets the agent into the group of the file' do
      is_expected.to render_file('/etc/systemd/system/pgsidecar.service.d/50-chef-groups.conf').with_content('SupplementaryGroups=idp')
    end

    it 'lets the application connect' do
      is_expected.to manage_group('pgsidecar').with(members: %w(idp), append: true)
    end
  end

  context 'from a text' do
    recipe do
      pgsidecar_config 'shop' do
        source_text(lazy { "production:\n  database_host: db.example.com\n" })
      end
    end

    it { is_expected.to create_directory('/etc/pgsidecar/sources/shop').with(owner: 'root', group: 'pgsidecar-config', mode: '0750') }
    it 'writes the text for the agent alone' do
      is_expected.to create_file('/etc/pgsidecar/sources/shop/application.yml')
        .with(owner: 'root', group: 'pgsidecar-config', mode: '0640', sensitive: true)
    end
    it { is_expected.to create_file('/etc/pgsidecar/shop.yml') }
  end

  context 'with a secret' do
    recipe do
      pgsidecar_config 'default' do
        secret_settings 'users' => { 'reporting' => { 'password' => SecureRandom.hex } }
      end
    end

    it 'writes the file for the agent alone, and not for those who may connect' do
      is_expected.to create_file('/etc/pgsidecar/pgsidecar.yml').with(owner: 'root', group: 'pgsidecar-config', mode: '0640', sensitive: true)
    end
  end

  context 'with a password among the settings' do
    recipe do
      pgsidecar_config 'default' do
        settings 'users' => { 'reporting' => { 'password' => SecureRandom.hex } }
      end
    end

    it { expect { subject }.to raise_error(/users\.reporting\.password would be shown/) }
  end

  context 'with two places for the application\'s settings' do
    recipe do
      pgsidecar_config 'default' do
        source '/srv/idp/config/application.yml'
        source_text 'x'
      end
    end

    it { expect { subject }.to raise_error(/two places for one thing/) }
  end
end
