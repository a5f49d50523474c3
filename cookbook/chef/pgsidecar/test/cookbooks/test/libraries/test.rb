# The application's file, as text.

module Test
  def self.application_yml(password, port)
    <<~YAML
      production:
        database_host: 127.0.0.1
        database_port: #{port}
        database_name: idp
        database_username: idp_app
        database_password: '#{password}'
        database_sslmode: disable
        database_socket: /run/pgsidecar
    YAML
  end
end
