# Properties of resources as Chef has them: types, defaults, coercion, validation, lazy values. What Chef refuses is refused here.

class Chef
  NOT_PASSED = Object.new.freeze

  class DelayedEvaluator < Proc; end

  module Exceptions
    class ValidationFailed < ArgumentError; end
    class CurrentValueDoesNotExist < RuntimeError; end
    class FileNotFound < RuntimeError; end
    class ChecksumMismatch < RuntimeError; end
    class ResourceNotFound < RuntimeError; end
    class Package < RuntimeError; end
    class EnclosingDirectoryDoesNotExist < RuntimeError; end
  end

  class Property
    OPTIONS = %i(
      is default default_description coerce callbacks equal_to regex required name_property identity desired_state sensitive
      description introduced skip_docs
    ).freeze

    attr_reader :name, :options

    def initialize(name, **options)
      unknown = options.keys - OPTIONS
      raise ArgumentError, "property #{name}: no such option: #{unknown.join(', ')}" unless unknown.empty?

      @name = name
      @options = options
    end

    def description
      options[:description]
    end

    def sensitive?
      options.fetch(:sensitive, false)
    end

    def name_property?
      options.fetch(:name_property, false)
    end

    # A name property is no state, unless it says so.
    def desired_state?
      options.fetch(:desired_state, !name_property?)
    end

    def default?
      options.key?(:default) || name_property?
    end

    def set?(resource)
      resource.instance_variable_defined?(variable)
    end

    def set(resource, value)
      # A nil that the property does not know means its default.
      value = options[:default] if value.nil? && !accepts_nil?
      value = checked(resource, value) unless value.is_a?(DelayedEvaluator)
      resource.instance_variable_set(variable, value)
    end

    def get(resource)
      return opened(resource, resource.instance_variable_get(variable)) if set?(resource)
      return required!(resource, nil) unless default?

      value = opened(resource, name_property? ? resource.name : copied(options[:default]))
      value = checked(resource, value)
      # What could be changed in place is kept, so that it is the same one the next time.
      resource.instance_variable_set(variable, value) unless value.frozen? || value.nil?
      value
    end

    private

    def variable
      :"@#{name}"
    end

    def accepts_nil?
      options.key?(:coerce) || Array(options[:is]).include?(nil) || (options.key?(:default) && options[:default].nil?)
    end

    def opened(resource, value)
      return value unless value.is_a?(DelayedEvaluator)

      checked(resource, resource.instance_exec(&value))
    end

    def required!(resource, value)
      raise Exceptions::ValidationFailed, "#{resource}: #{name} is a required property" if value.nil? && options[:required]

      value
    end

    def checked(resource, value)
      value = resource.instance_exec(value, &options[:coerce]) if options[:coerce] && !value.nil?
      return value if value.nil? && !options.key?(:default)

      failure = complaint(value)
      raise Exceptions::ValidationFailed, "#{resource}: Option #{name} #{failure}" if failure

      value
    end

    # What is wrong with a value, in Chef's words; nil when nothing is.
    def complaint(value)
      return if value.nil? && accepts_nil?

      about_kind(value) || about_choice(value) || about_callbacks(value)
    end

    def about_kind(value)
      return unless options.key?(:is)

      kinds = Array(options[:is])
      return if kinds.any? { |kind| kind.is_a?(Module) ? value.is_a?(kind) : value == kind }

      "must be one of #{kinds.inspect}! You passed #{shown(value)}."
    end

    def about_choice(value)
      choices, regex = options.values_at(:equal_to, :regex)
      return "must be equal to one of: #{choices.join(', ')}! You passed #{shown(value)}." if choices && !choices.include?(value)
      return if regex.nil? || regex.match?(value)

      "must match regular expression #{regex.inspect}! You passed #{shown(value)}."
    end

    def about_callbacks(value)
      broken = options.fetch(:callbacks, {}).find { |_what, right| !right.call(value) }
      "#{broken.first}! You passed #{shown(value)}." if broken
    end

    def shown(value)
      sensitive? ? '(suppressed sensitive property)' : value.inspect
    end

    def copied(value)
      case value
      when Hash then value.transform_values { |item| copied(item) }
      when Array then value.map { |item| copied(item) }
      when String then value.dup
      else value
      end
    end
  end
end
