# Finds the one application of a node, for the recipe that is told nothing.

module Pgsidecar
  module Cookbook
    module Autoconfig
      class NotOne < StandardError; end

      module_function

      def application_yml(places)
        found = places.flat_map { |place| Dir.glob(place) }.select { |path| ::File.file?(path) }.sort.uniq { |path| ::File.realpath(path) }
        return found.first if found.size == 1

        unless found.empty?
          raise NotOne, "There are #{found.size} applications: #{found.join(', ')}. Name one by node['pgsidecar']['application_yml'], " \
                        "the others by node['pgsidecar']['instances']"
        end
        return if Chef::Config[:why_run] # The application may come to the node earlier in the run.

        raise NotOne, "There is no application.yml at #{places.join(', ')}: deploy the application first, or name its file by " \
                      "node['pgsidecar']['application_yml']"
      end

      # Who owns the application's file is taken for who runs the application; root needs no group to connect.
      def users(path)
        return [] if path.nil? || !::File.file?(path)

        [Access.owner(::File.stat(path))] - ['root']
      end
    end
  end
end
