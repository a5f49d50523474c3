# A node: its attributes, which cookbooks default and a file overrides, and what is known of its platform.

require 'json'

class Chef
  # Attributes cannot be changed once a recipe reads them, and are no plain hashes: a cookbook has to cope with both.
  class ImmutableMash < Hash
    def self.of(value)
      case value
      when Hash then value.each_with_object(new) { |(key, item), made| made.store(key.to_s, of(item)) }.freeze
      when Array then value.map { |item| of(item) }.freeze
      else value
      end
    end

    def [](key)
      super(key.to_s)
    end

    # Chef's own does not know that Ruby's takes a block.
    def to_h
      transform_values { |item| item.is_a?(ImmutableMash) ? item.to_h : item }
    end
  end

  # What stands left of an assignment in an attributes file: default['a']['b'] = 1.
  class Defaults < Hash
    def initialize
      super { |hash, key| hash[key] = Defaults.new }
    end
  end

  class Node
    attr_reader :run_state

    def initialize(platform_family:, given: {})
      @platform_family = platform_family
      @given = given
      @defaults = Defaults.new
      @run_state = {}
    end

    # The word `default` of an attributes file.
    def default
      @all = nil
      @defaults
    end

    def load_attributes(path)
      instance_eval(::File.read(path), path, 1)
    end

    def [](name)
      all[name]
    end

    def read(*path)
      path.reduce(all) { |found, key| found.is_a?(Hash) ? found[key] : nil }
    end

    private

    def all
      @all ||= ImmutableMash.of(deep_merge({ 'platform_family' => @platform_family }, deep_merge(@defaults, @given)))
    end

    def deep_merge(under, over)
      under.merge(over) { |_key, left, right| left.is_a?(Hash) && right.is_a?(Hash) ? deep_merge(left, right) : right }
    end
  end
end
