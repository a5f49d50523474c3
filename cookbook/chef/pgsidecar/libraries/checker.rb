# Asks `pgsidecar check` whether a configuration can be used, with the variables that the unit would have.

module Pgsidecar
  module Cookbook
    module Checker
      PROGRAM = '/usr/bin/pgsidecar'.freeze

      # Chef keeps silent about why a sensitive file was refused. pgsidecar's own sentences hold no secret, so they may be told.
      class Refused < StandardError; end

      module_function

      def installed?
        ::File.executable?(PROGRAM)
      end

      def command(path)
        [PROGRAM, 'check', '--config', path]
      end

      # `result` is what shell_out gave.
      def sentences(result)
        lines = "#{result.stderr}\n#{result.stdout}".lines.map(&:strip)
        found = lines.grep(/\A(?:error|warning):/)
        found.empty? ? "exit code #{result.exitstatus}" : found.join("\n")
      end

      # An EnvironmentFile of systemd, as far as people write them: NAME=value, quotes around the value, comments.
      def variables(path)
        return {} unless ::File.file?(path)

        ::File.readlines(path, chomp: true).each_with_object({}) do |line, found|
          name, value = line.strip.split('=', 2)
          next if value.nil? || name.start_with?('#', ';')

          found[name] = value[0] && '\'"'.include?(value[0]) && value[-1] == value[0] ? value[1..-2] : value
        end
      end
    end
  end
end
