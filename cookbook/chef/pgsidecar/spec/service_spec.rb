# pgsidecar_service: the socket with the service, and instances.

describe 'pgsidecar_service' do
  step_into :pgsidecar_service

  context 'the main agent' do
    recipe do
      pgsidecar_service 'default' do
        action :enable
      end
    end

    it { is_expected.to enable_service('pgsidecar.socket') }
    it { is_expected.to enable_service('pgsidecar.service') }
  end

  context 'an instance without its socket' do
    recipe do
      pgsidecar_service 'reports' do
        socket false
        action :stop
      end
    end

    it { is_expected.to stop_service('pgsidecar@reports.service') }
    it { is_expected.not_to stop_service('pgsidecar@reports.socket') }
  end
end
