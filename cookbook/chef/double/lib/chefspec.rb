# The words of ChefSpec that the cookbook's specs use, on the double: resources are recorded, and only those that are stepped into act.

require 'rspec'
require 'stringio'
require_relative 'cookbook'

module ChefSpec
  class ShellOutNotStubbed < StandardError; end

  class Recorder < Chef::RunContext
    attr_writer :example
    attr_accessor :stepped_into

    def performed
      root.instance_exec { @performed ||= [] }
    end

    def stepped?(resource)
      (root.stepped_into || []).include?(resource.class.resource_name)
    end

    def example
      root.instance_variable_get(:@example)
    end

    def perform(resource, action)
      performed << [resource, action]
      return unless stepped?(resource)

      provider = resource.class.action_helpers.new(resource, self)
      example.prepare(:provider, provider, resource)
      provider.run(action)
    end

    def prepare_current(resource)
      example.prepare(:current_value, resource, resource)
    end
  end

  # What an example converges, and looks at.
  class Run
    def initialize(context)
      @context = context
    end

    def find(type, name, action = nil)
      @context.performed.find do |resource, how|
        resource.class.resource_name == type && resource.name == name && (action.nil? || how == action)
      end&.first
    end

    def method_missing(type, name)
      Chef::Resource.table.key?(type) ? find(type, name) : super
    end

    def respond_to_missing?(type, include_private = false)
      Chef::Resource.table.key?(type) || super
    end
  end

  # `install_package('x').with(version: '1')`, for every action of every resource.
  class Performed
    def initialize(action, type, name)
      @action = action
      @type = type
      @name = name
      @wanted = {}
    end

    def with(wanted)
      @wanted = wanted
      self
    end

    def matches?(run)
      @found = run.find(@type, @name, @action)
      !@found.nil? && @wanted.all? { |property, value| value === @found.public_send(property) } # rubocop:disable Style/CaseEquality
    end

    def description
      "#{@action} #{@type}[#{@name}]"
    end

    def failure_message
      return "#{@type}[#{@name}] did not #{@action}" if @found.nil?

      "#{@found} has #{@wanted.to_h { |property, _value| [property, @found.public_send(property)] }}, and not #{@wanted}"
    end

    def failure_message_when_negated
      "#{@type}[#{@name}] did #{@action}"
    end
  end

  class Rendered
    def initialize(path)
      @path = path
    end

    def with_content(text)
      @text = text
      self
    end

    def matches?(run)
      @content = run.find(:file, @path, :create)&.content
      !@content.nil? && @content.include?(@text)
    end

    def description
      "render #{@path}"
    end

    def failure_message
      "#{@path} is #{@content.inspect}"
    end
  end

  class Notified
    def initialize(target)
      @target = target
      @timing = :delayed
    end

    def to(action)
      @action = action
      self
    end

    def delayed
      self
    end

    def matches?(resource)
      @resource = resource
      resource.notifications.include?([@action, @target, @timing])
    end

    def description
      "notify #{@target}"
    end

    def failure_message
      "#{@resource} notifies #{@resource.notifications}"
    end
  end

  # The words inside `describe`.
  module Words
    def step_into(*types)
      before { @stepped_into = types }
    end

    def platform(name, _version = nil)
      before { @platform_family = { 'debian' => 'debian', 'opensuse' => 'suse' }.fetch(name) }
    end

    def recipe(&block)
      before { @recipe = block }
    end

    def default_attributes
      Later.new { |path, value| before { @attributes << [path, value] } }
    end
    alias override_attributes default_attributes
  end

  # default_attributes['a']['b'] = 1, before there is an example.
  class Later
    def initialize(path = [], &block)
      @path = path
      @block = block
    end

    def [](key)
      Later.new(@path + [key], &@block)
    end

    def []=(key, value)
      @block.call(@path + [key], value)
    end
  end

  # The words inside `it` and `before`.
  module Example
    def chef_run
      @chef_run ||= Run.new(converged)
    end

    def subject
      chef_run
    end

    def stubs_for_provider(name, &block)
      @stubs << [:provider, name, block]
    end

    def stubs_for_current_value(name, &block)
      @stubs << [:current_value, name, block]
    end

    # Commands that nobody has stubbed do not run, as with ChefSpec.
    def prepare(kind, object, resource)
      allow(object).to receive(:shell_out) { |*words| raise ShellOutNotStubbed, "#{kind} of #{resource}: #{words.join(' ')}" }
      @stubs.each { |wanted, name, block| block.call(object) if wanted == kind && name == resource.to_s }
    end

    def receive_shell_out(*words, stdout: '', stderr: '', exitstatus: 0)
      receive(:shell_out).with(*words).and_return(Chef::Mixin::ShellOut::Result.new(words, stdout, stderr, exitstatus))
    end

    def render_file(path)
      Rendered.new(path)
    end

    def notify(target)
      Notified.new(target)
    end

    def method_missing(name, *arguments)
      type = Chef::Resource.table.keys.find { |each| name.end_with?("_#{each}") && known?(each, name.to_s.delete_suffix("_#{each}")) }
      type ? Performed.new(name.to_s.delete_suffix("_#{type}").to_sym, type, *arguments) : super
    end

    def respond_to_missing?(name, include_private = false)
      Chef::Resource.table.keys.any? { |each| name.end_with?("_#{each}") } || super
    end

    private

    def known?(type, action)
      Chef::Resource.table.fetch(type).actions.key?(action.to_sym)
    end

    def converged
      node = Chef::Node.new(platform_family: @platform_family, given: given_attributes)
      cookbook = Chef::Cookbook.new(ENV.fetch('COOKBOOK'))
      cookbook.load(node)
      report = Chef::Report.new(StringIO.new)
      context = Recorder.new(node, report, { cookbook.name => cookbook })
      context.example = self
      context.stepped_into = @stepped_into
      reader = Chef::Recipe.new(context)
      @recipe ? reader.instance_exec(&@recipe) : reader.include_recipe(self.class.top_level_description)
      context.converge
      context
    end

    def given_attributes
      @attributes.each_with_object({}) do |(path, value), given|
        *above, last = path
        above.reduce(given) { |hash, key| hash[key] ||= {} }[last] = value
      end
    end
  end
end

RSpec.configure do |config|
  config.extend(ChefSpec::Words)
  config.include(ChefSpec::Example)
  config.disable_monkey_patching = false if config.respond_to?(:disable_monkey_patching=)
  # Outer groups first: what an inner one says is laid over it.
  config.before do
    @stubs = []
    @attributes = []
    @platform_family = 'debian'
  end
end

# In the place of the library's own: `require 'chefspec'` and `require 'chefspec/policyfile'` find it loaded.
module ChefSpec
  class Configuration
    attr_accessor :platform, :version
  end
end
RSpec::Core::Configuration.class_eval { attr_accessor :platform, :version, :log_level }
