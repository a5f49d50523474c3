# Commands as Chef runs them: an array of words without a shell, a string with one, in the locale C.

require 'open3'
require 'timeout'

class Chef
  module Mixin
    module ShellOut
      class Failed < RuntimeError; end

      Result = Struct.new(:command, :stdout, :stderr, :exitstatus) do
        def error?
          exitstatus != 0
        end

        def error!
          return unless error?

          raise Failed, "Expected process to exit with [0], but received '#{exitstatus}': #{Array(command).join(' ')}\n#{stdout}#{stderr}"
        end
      end

      LOCALE = { 'LC_ALL' => 'C.UTF-8', 'LANGUAGE' => 'C.UTF-8', 'LANG' => 'C.UTF-8' }.freeze

      def shell_out(*words, environment: {}, timeout: 600)
        command = words.size == 1 ? words.first : words
        out, err, status = Timeout.timeout(timeout) do
          Open3.capture3(LOCALE.merge(environment), *Array(command), stdin_data: '')
        end
        Result.new(command, out, err, status.exitstatus || (128 + status.termsig))
      end

      def shell_out!(*words, **options)
        shell_out(*words, **options).tap(&:error!)
      end
    end
  end
end
