# The recipes: attributes reach the resources, and a mistyped one is refused.

describe 'pgsidecar::default' do
  context 'with an application.yml' do
    override_attributes['pgsidecar']['application_yml'] = '/srv/idp/config/application.yml'
    default_attributes['pgsidecar']['version'] = '0.1.0-1'

    it { is_expected.to install_pgsidecar_install('default').with(version: '0.1.0-1') }
    it { is_expected.to create_pgsidecar_config('default').with(source: %w(/srv/idp/config/application.yml)) }
    it { is_expected.to enable_pgsidecar_service('default') }
    it { expect(chef_run.pgsidecar_config('default')).to notify('pgsidecar_service[default]').to(:reload).delayed }
  end

  context 'with nothing to serve' do
    it { expect { subject }.to raise_error(/use pgsidecar::autoconfig/) }
  end

  context 'with a mistyped attribute' do
    override_attributes['pgsidecar']['enviroment'] = 'production'

    it { expect { subject }.to raise_error(/did you mean 'environment'/) }
  end
end
