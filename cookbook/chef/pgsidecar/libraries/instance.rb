# Names of one agent: its units and its files, by the name that a recipe gives it.

module Pgsidecar
  module Cookbook
    # The main agent is `default`. Any other name is an instance of the template units: `shop` is pgsidecar@shop.service.
    class Instance
      MAIN = 'default'.freeze
      # What a unit name, a file name and a directory of /run may all be. `pgsidecar.yml` is the main agent's.
      NAME = /\A(?!pgsidecar\z)[a-z0-9][a-z0-9_-]{0,63}\z/.freeze

      attr_reader :name

      def initialize(name)
        @name = name
      end

      def main?
        name == MAIN
      end

      def service
        main? ? 'pgsidecar.service' : "pgsidecar@#{name}.service"
      end

      def socket
        main? ? 'pgsidecar.socket' : "pgsidecar@#{name}.socket"
      end

      def config_file
        "/etc/pgsidecar/#{main? ? 'pgsidecar' : name}.yml"
      end

      # What the unit names as its EnvironmentFile.
      def environment_file
        "/etc/pgsidecar/#{main? ? 'environment' : "#{name}.environment"}"
      end

      # Where the text of an application's file is kept when Chef has the text and the application has no file.
      def source_directory
        "/etc/pgsidecar/sources/#{name}"
      end

      def drop_in_directory
        "/etc/systemd/system/#{service}.d"
      end

      def socket_directory
        main? ? '/run/pgsidecar' : "/run/pgsidecar-#{name}"
      end
    end
  end
end
