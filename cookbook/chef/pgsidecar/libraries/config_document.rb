# pgsidecar.yml as a value: made from what a recipe says, read back from what is there, and never shown with a secret in it.

require 'tempfile'
require 'yaml'

module Pgsidecar
  module Cookbook
    module ConfigDocument
      # Keys whose values are secrets, at any depth. Files and commands that hold or print one (password_file …) are not.
      SECRET = /\A(?:password|secret|token|url)(?:_next)?\z/.freeze
      HEADER = <<~TEXT.freeze
        # The configuration of pgsidecar, written by Chef: what is edited here is gone with the next run.
        # Every setting: man 5 pgsidecar.yml

      TEXT
      HIDDEN = '(a secret that Chef does not know)'.freeze

      module_function

      # Plain Ruby: node attributes are immutable and have a class of their own, which YAML would write down.
      def plain(value)
        case value
        # Not to_h with a block: that of a node attribute ignores the block.
        when Hash then value.each_with_object({}) { |(key, item), made| made[key.to_s] = plain(item) }
        when Array then value.map { |item| plain(item) }
        when Symbol then value.to_s
        else value
        end
      end

      # `over` laid upon `under`, hashes at every depth.
      def merge(under, over)
        under.merge(over) do |_key, left, right|
          left.is_a?(Hash) && right.is_a?(Hash) ? merge(left, right) : right
        end
      end

      # The paths of secrets, such as `users.reporting.password`.
      def secret_paths(document, above = [])
        document.flat_map do |key, value|
          path = above + [key]
          next secret_paths(value, path) if value.is_a?(Hash)

          SECRET.match?(key.to_s) && !value.nil? ? [path.join('.')] : []
        end
      end

      # What `wanted` has places for, and the rest; a secret in the rest is hidden, so that nobody prints it.
      def split(document, wanted)
        ours = {}
        rest = {}
        document.each do |key, value|
          place = wanted[key]
          if place.is_a?(Hash) && value.is_a?(Hash)
            inner, outer = split(value, place)
            ours[key] = inner unless inner.empty?
            rest[key] = outer unless outer.empty?
          elsif wanted.key?(key)
            ours[key] = value
          else
            rest[key] = hide(key, value)
          end
        end
        [ours, rest]
      end

      def hide(key, value)
        return value.to_h { |inner, item| [inner, hide(inner, item)] } if value.is_a?(Hash)
        return HIDDEN if SECRET.match?(key.to_s) && !value.nil?

        value
      end

      # The hash that a file holds; nil when it is not one that this cookbook could have written.
      def read(path)
        # Without aliases and classes: whatever needs them was written by somebody else.
        document = YAML.safe_load(::File.read(path))
        document.is_a?(Hash) ? plain(document) : nil
      rescue Psych::Exception, ArgumentError
        nil
      end

      # pgsidecar reads YAML as Ruby does, so what Ruby writes comes out as it went in.
      def render(document)
        HEADER + (document.empty? ? "{}\n" : YAML.dump(document).delete_prefix("---\n"))
      end
    end
  end
end
