# Which of two versions of the package is the older one, the same for deb and rpm.

module Pgsidecar
  module Cookbook
    module PackageVersion
      module_function

      # Versions are those of this project's packages: `0.1.0`, `0.1.0-1`, `1:0.2.0~rc1-1`.
      def older?(one, other)
        (key(one) <=> key(other)).negative?
      end

      # `0.1.0` without a revision means any revision of it.
      def same?(wanted, present)
        return false if wanted.nil? || present.nil?

        wanted == present || (!wanted.include?('-') && wanted == present.sub(/-[^-]*\z/, ''))
      end

      def key(version)
        epoch, rest = version.include?(':') ? version.split(':', 2) : ['0', version]
        upstream, revision = rest.split('-', 2)
        # A tilde sorts before everything, as a letter does in Ruby's own versions: 0.2.0~rc1 is older than 0.2.0.
        [Integer(epoch, 10), Gem::Version.new(upstream.tr('~', '.')), Gem::Version.new((revision || '0').scan(/\d+/).join('.'))]
      end
    end
  end
end
