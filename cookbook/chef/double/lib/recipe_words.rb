# Words that recipes and actions share: the resources by their names, and questions about the platform.

class Chef
  module RecipeWords
    def declare_resource(type, name, &block)
      kind = Resource.table[type] or raise NoMethodError, "the double has no resource #{type} (#{name})"
      resource = kind.new(name, run_context)
      resource.enclosing_provider = self if is_a?(Provider)
      resource.instance_eval(&block) if block
      resource.after_created
      run_context.add(resource)
      resource
    end

    def platform_family?(*families)
      families.include?(node['platform_family'])
    end

    def method_missing(name, *arguments, &block)
      return super unless Resource.table.key?(name) && arguments.size == 1

      declare_resource(name, arguments.first, &block)
    end

    def respond_to_missing?(name, include_private = false)
      Resource.table.key?(name) || super
    end
  end
end
