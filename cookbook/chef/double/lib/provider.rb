# What an action can do: declare resources, converge, compare what is with what should be.

require_relative 'recipe_words'
require_relative 'shell_out'

class Chef
  class Provider
    include Mixin::ShellOut
    include RecipeWords

    attr_reader :new_resource, :run_context
    attr_accessor :current_resource

    def initialize(new_resource, run_context)
      @new_resource = new_resource
      @run_context = run_context
    end

    def node
      run_context.node
    end

    def whyrun_mode?
      Config[:why_run]
    end

    def to_s
      "#{new_resource} action"
    end

    # The block is what changes the node. In why-run mode it is only told of.
    def converge_by(descriptions)
      yield unless whyrun_mode?
      Array(descriptions).each { |line| run_context.report.change(line, whyrun_mode?) }
      new_resource.updated = true
    end

    def converge_if_changed(*names, &block)
      raise ArgumentError, 'converge_if_changed must be passed a block!' unless block

      properties = names.empty? ? new_resource.class.state_properties : names.map { |name| new_resource.class.properties.fetch(name) }
      current_resource ? converge_changes(properties, &block) : converge_creation(properties, &block)
    end

    # As in Chef, what is there is read before and after.
    def run(action)
      self.current_resource = load_current_resource
      compile_and_converge(action)
      load_current_resource
    end

    private

    # With unified mode a resource runs where it is declared, otherwise after the whole action was read.
    def compile_and_converge(action)
      outer = @run_context
      @run_context = outer.child(unified: new_resource.class.unified_mode)
      send(:"body_of_#{action}")
      @run_context.converge
      new_resource.updated = true if @run_context.resources.any?(&:updated)
    ensure
      @run_context = outer
    end

    def load_current_resource
      return unless new_resource.respond_to?(:load_current_value!)

      current = new_resource.class.new(new_resource.name, run_context)
      run_context.prepare_current(current)
      new_resource.class.properties.each_value do |property|
        kept = !property.desired_state? || property.options[:identity] || property.name_property?
        property.set(current, property.get(new_resource)) if kept && property.set?(new_resource)
      end
      current.method(:load_current_value!).arity.zero? ? current.load_current_value! : current.load_current_value!(new_resource)
      current
    rescue Exceptions::CurrentValueDoesNotExist
      nil
    end

    # As older clients of Chef do it: a property that nobody has set is not compared.
    def converge_changes(properties, &block)
      changed = properties.select do |property|
        property.set?(new_resource) && property.get(new_resource) != property.get(current_resource)
      end
      return false if changed.empty?

      lines = changed.map { |each| "  set #{each.name} to #{shown(each, new_resource)}#{was(each)}" }
      converge_by(["update #{new_resource.name}"] + lines, &block)
      true
    end

    def converge_creation(properties, &block)
      lines = properties.map { |each| "  set #{each.name} to #{shown(each, new_resource)}#{' (default value)' unless each.set?(new_resource)}" }
      converge_by(["create #{new_resource.name}"] + lines, &block)
      true
    end

    def was(property)
      return if hidden?(property)

      " (was #{property.get(current_resource).inspect})"
    end

    def shown(property, resource)
      hidden?(property) ? '(suppressed sensitive property)' : property.get(resource).inspect
    end

    def hidden?(property)
      new_resource.sensitive || property.sensitive?
    end
  end
end

require_relative 'resource'
