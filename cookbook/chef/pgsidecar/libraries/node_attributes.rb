# What a node says of pgsidecar, checked as a whole before anything is done: a mistyped attribute must not be a silent default.

require 'did_you_mean'

module Pgsidecar
  module Cookbook
    module NodeAttributes
      class Wrong < StandardError; end

      TEXT = ['a text', ->(value) { value.is_a?(String) && !value.empty? }].freeze
      TEXTS = ['a text or a list of texts', ->(value) { Array(value).all? { |item| item.is_a?(String) && !item.empty? } }].freeze
      PATH = ['an absolute path', ->(value) { value.is_a?(String) && value.start_with?('/') }].freeze
      PATHS = ['an absolute path or a list of them', ->(value) { Array(value).all? { |item| item.is_a?(String) && item.start_with?('/') } }].freeze
      HASH = ['a hash', ->(value) { value.is_a?(Hash) }].freeze
      FLAG = ['true or false', ->(value) { [true, false].include?(value) }].freeze
      CHECKSUM = ['a SHA-256 in hexadecimal', ->(value) { value.is_a?(String) && value.match?(/\A\h{64}\z/) }].freeze

      INSTANCE = { 'application_yml' => PATHS, 'environment' => TEXT, 'settings' => HASH, 'client_users' => TEXTS }.freeze
      ALL = INSTANCE.merge(
        'package_name' => TEXT, 'package_file' => PATH, 'package_url' => TEXT, 'package_checksum' => CHECKSUM, 'version' => TEXT,
        'allow_downgrade' => FLAG, 'application_yml_places' => PATHS, 'instances' => HASH
      ).freeze

      module_function

      # The attributes as plain Ruby; raises with every mistake at once.
      def checked(attributes)
        plain = ConfigDocument.plain(attributes)
        wrong = mistakes(plain, ALL, "node['pgsidecar']")
        instances = plain['instances']
        if instances.is_a?(Hash)
          instances.each { |name, instance| wrong.concat(mistakes_of_instance(name, instance)) }
        end
        raise Wrong, wrong.join("\n") unless wrong.empty?

        plain
      end

      def mistakes_of_instance(name, instance)
        place = "node['pgsidecar']['instances']['#{name}']"
        return ["#{place}: \"#{name}\" is no name for an instance"] unless Instance::NAME.match?(name) && name != Instance::MAIN
        return ["#{place} has to be a hash"] unless instance.is_a?(Hash)

        mistakes(instance, INSTANCE, place)
      end

      # The value itself is not shown: it may be a secret in the wrong place.
      def mistakes(attributes, known, place)
        attributes.filter_map do |name, value|
          what, right = known[name]
          if what.nil? then "#{place}['#{name}'] is no attribute of pgsidecar#{suggestion(name, known.keys)}"
          elsif !value.nil? && !right.call(value) then "#{place}['#{name}'] has to be #{what}"
          end
        end
      end

      def suggestion(name, names)
        best = DidYouMean::SpellChecker.new(dictionary: names).correct(name).first
        best ? ": did you mean '#{best}'?" : ": it may be #{names.join(', ')}"
      end
    end
  end
end
