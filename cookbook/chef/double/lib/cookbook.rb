# Loads a cookbook as Chef does: its libraries, attributes and resources, and the recipes that are asked for.

require_relative 'run_context'
require_relative 'provider'
require_relative 'node'
Dir[::File.join(__dir__, 'resources', '*.rb')].sort.each { |path| require path }

class Chef
  module Config
    @values = { why_run: false, file_cache_path: '/var/cache/chef' }

    def self.[](name)
      @values.fetch(name)
    end

    def self.[]=(name, value)
      @values[name] = value
    end
  end

  module Log
    class << self
      attr_accessor :report

      %i(info warn error).each { |level| define_method(level) { |message| report&.log(level.to_s.upcase, message) } }

      def debug(message); end
    end
  end

  # What a recipe file is read in.
  class Recipe
    include RecipeWords

    attr_reader :run_context

    def initialize(run_context)
      @run_context = run_context
    end

    def node
      run_context.node
    end

    def include_recipe(name)
      cookbook, recipe = name.split('::')
      path = run_context.cookbooks.fetch(cookbook).recipe(recipe || 'default')
      return if included.include?(path)

      included << path
      instance_eval(::File.read(path), path, 1)
    end

    private

    def included
      @included ||= []
    end
  end

  class Cookbook
    attr_reader :name, :folder

    def initialize(folder)
      @folder = ::File.expand_path(folder)
      @name = ::File.read(::File.join(@folder, 'metadata.rb'))[/^name\s+'([^']+)'/, 1]
    end

    def recipe(recipe)
      path = ::File.join(folder, 'recipes', "#{recipe}.rb")
      raise Exceptions::FileNotFound, "no recipe #{name}::#{recipe}" unless ::File.file?(path)

      path
    end

    def load(node)
      files('libraries').each { |path| require path }
      files('attributes').each { |path| node.load_attributes(path) }
      files('resources').each { |path| load_resource(path) }
    end

    private

    def files(kind)
      Dir[::File.join(folder, kind, '*.rb')].sort
    end

    # The file's text is evaluated in the class, so that `File` is Chef's resource there and Ruby's is ::File, as in Chef.
    def load_resource(path)
      type = :"#{name}_#{::File.basename(path, '.rb')}"
      return if Resource.table.key?(type)

      kind = Class.new(Resource)
      kind.class_eval(::File.read(path), path, 1)
      kind.provides(type) unless Resource.table[type] == kind
    end
  end

  # Compiles the recipes, then converges them. The counts are those of the report.
  def self.converge(cookbooks:, recipes:, node:, report:, why_run: false)
    Config[:why_run] = why_run
    Log.report = report
    loaded = cookbooks.map { |folder| Cookbook.new(folder) }
    loaded.each { |cookbook| cookbook.load(node) }
    context = RunContext.new(node, report, loaded.to_h { |cookbook| [cookbook.name, cookbook] })
    reader = Recipe.new(context)
    recipes.each { |recipe| reader.include_recipe(recipe) }
    context.converge
  ensure
    Log.report = nil
  end
end
