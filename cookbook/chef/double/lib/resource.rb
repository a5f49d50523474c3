# A resource: its properties, its actions, who is notified of it and when it is left out.

require_relative 'property'
require_relative 'shell_out'

class Chef
  class Resource
    include Mixin::ShellOut

    class << self
      def inherited(sub)
        super
        sub.instance_variable_set(:@properties, properties.dup)
        sub.instance_variable_set(:@actions, {})
        sub.instance_variable_set(:@action_helpers, Class.new(sub.superclass.action_helpers))
      end

      def properties
        @properties ||= {}
      end

      def actions
        @actions ||= {}
      end

      # The class that actions run in.
      def action_helpers
        @action_helpers ||= Provider
      end

      def action_class(&block)
        # In Chef as here, constants are looked up where the block stands, not in the class.
        action_helpers.class_eval(&block) if block
        action_helpers
      end

      def property(name, kinds = NOT_PASSED, **options)
        options[:is] = kinds unless NOT_PASSED.equal?(kinds)
        taken = Resource.instance_methods.include?(name) && !%i(name sensitive).include?(name)
        raise ArgumentError, "Property `#{name}` of resource `#{resource_name}` overwrites an existing method." if taken

        properties[name] = Property.new(name, **options)
        define_property(name)
      end

      def define_property(name)
        define_method(name) do |value = NOT_PASSED, &block|
          raise "Property `#{name}` of `#{self}` was incorrectly passed a block." if block

          found = self.class.properties.fetch(name)
          NOT_PASSED.equal?(value) ? found.get(self) : found.set(self, value)
        end
      end

      def state_properties
        properties.values.select(&:desired_state?)
      end

      def action(name, description: nil, &block)
        actions[name] = description
        @default_action ||= [name]
        # A method, so that `return` leaves the action only.
        action_helpers.define_method(:"body_of_#{name}", &block)
      end

      def default_action(*names)
        @default_action = names.flatten unless names.empty?
        @default_action || [:nothing]
      end

      def load_current_value(&block)
        define_method(:load_current_value!, &block)
      end

      def unified_mode(flag = NOT_PASSED)
        @unified_mode = flag unless NOT_PASSED.equal?(flag)
        @unified_mode || false
      end

      def provides(name)
        @resource_name = name
        Resource.table[name] = self
      end

      attr_reader :resource_name

      # Name in a recipe → class.
      def table
        @table ||= {}
      end

      def use(partial)
        folder = ::File.dirname(caller_locations(1, 1).first.path)
        path = ::File.expand_path("#{::File.dirname(partial)}/_#{::File.basename(partial, '.rb').delete_prefix('_')}.rb", folder)
        class_eval(::File.read(path), path, 1)
      end

      def lazy(&block)
        DelayedEvaluator.new(&block)
      end
    end

    attr_reader :name, :run_context, :notifications, :guards
    attr_accessor :enclosing_provider, :updated

    def initialize(name, run_context)
      @name = name
      @run_context = run_context
      @notifications = []
      @guards = []
    end

    properties[:sensitive] = Property.new(:sensitive, is: [true, false], default: false, desired_state: false)
    define_property(:sensitive)

    def node
      run_context.node
    end

    def platform_family?(*families)
      families.include?(node['platform_family'])
    end

    def to_s
      "#{self.class.resource_name}[#{name}]"
    end
    alias inspect to_s

    # What Chef shows of a resource that has failed.
    def to_text
      return "#{self}: suppressed sensitive resource output" if sensitive

      set = self.class.properties.values.select { |property| property.set?(self) }
      lines = set.map { |each| "  #{each.name} #{each.sensitive? ? '*sensitive value suppressed*' : each.get(self).inspect}" }
      ["#{self} do", *lines, 'end'].join("\n")
    end

    def action(names = NOT_PASSED)
      return @action || self.class.default_action if NOT_PASSED.equal?(names)

      wrong = Array(names) - self.class.actions.keys - [:nothing]
      raise Exceptions::ValidationFailed, "#{self}: no such action: #{wrong.join(', ')}" unless wrong.empty?

      @action = Array(names)
    end

    def lazy(&block)
      DelayedEvaluator.new(&block)
    end

    def property_is_set?(name)
      self.class.properties.fetch(name).set?(self)
    end

    def current_value_does_not_exist!
      raise Exceptions::CurrentValueDoesNotExist
    end

    def after_created; end

    def not_if(command = nil, &block)
      guards << [:not_if, command, block]
    end

    def only_if(command = nil, &block)
      guards << [:only_if, command, block]
    end

    def notifies(action, target, timing = :delayed)
      raise ArgumentError, "#{self}: no such timing: #{timing}" unless %i(delayed immediately immediate before).include?(timing)
      raise ArgumentError, "#{self}: the double does not know the timing :before" if timing == :before

      notifications << [action, target, timing == :delayed ? :delayed : :immediately]
    end

    # Why it is left out; nil when it is not.
    def left_out
      broken = guards.find do |kind, command, block|
        holds = command ? !shell_out(command).error? : block.call
        kind == :not_if ? holds : !holds
      end
      broken&.first
    end

    # A block of a resource inside an action may call what the action may.
    def method_missing(name, *arguments, &block)
      return super unless enclosing_provider.respond_to?(name, true)

      enclosing_provider.send(name, *arguments, &block)
    end

    def respond_to_missing?(name, include_private = false)
      enclosing_provider.respond_to?(name, include_private) || super
    end
  end
end
