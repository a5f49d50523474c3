# The resources package (apt) and dpkg_package. rpm_package is known, so that a recipe can be read, and cannot run on a Debian.

class Chef
  class Resource
    class AnyPackage < Resource
      property :package_name, String, name_property: true
      property :version, String
      property :source, String
      property :options, [String, Array], default: [], coerce: proc { |words| words.is_a?(String) ? words.split : words }
      default_action :install

      action_class do
        def present
          found = shell_out('dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', new_resource.package_name)
          found.stdout[/\Ainstalled (\S+)/, 1] unless found.error?
        end

        # Also those of which only the configuration is left.
        def known?
          !shell_out('dpkg-query', '-W', new_resource.package_name).error?
        end

        # Nobody is there to answer a question.
        def silently(*words)
          shell_out!(*words, environment: { 'DEBIAN_FRONTEND' => 'noninteractive' })
        end

        def take_away(verb, there)
          converge_by("#{verb} package #{new_resource.package_name}") { silently('dpkg', "--#{verb}", new_resource.package_name) } if there
        end
      end
    end

    class DpkgPackage < AnyPackage
      provides :dpkg_package

      # As Chef does it: without a version, whatever is installed is good enough.
      action :install do
        now = present
        wanted = new_resource.version
        if now.nil? || (wanted && wanted != now)
          unless new_resource.source && (::File.exist?(new_resource.source) || whyrun_mode?)
            raise Exceptions::Package, "#{new_resource} source file does not exist: #{new_resource.source}"
          end

          converge_by("install version #{wanted || 'of the file'} of package #{new_resource.package_name}") do
            silently('dpkg', '-i', *new_resource.options, new_resource.source)
          end
        end
      end

      action(:remove) { take_away('remove', present) }
      action(:purge) { take_away('purge', known?) }
    end

    class Package < AnyPackage
      provides :package

      action_class do
        def apt_get(what)
          converge_by("install #{what}") do
            silently('apt-get', '-q', '-y', '-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold',
                     *new_resource.options, 'install', what)
          end
        end

        def candidate
          shell_out!('apt-cache', 'policy', new_resource.package_name).stdout[/^  Candidate: (\S+)/, 1]
        end
      end

      action :install do
        wanted = new_resource.version
        now = present
        apt_get([new_resource.package_name, wanted].compact.join('=')) if now.nil? || (wanted && wanted != now)
      end

      action :upgrade do
        newest = candidate
        apt_get("#{new_resource.package_name}=#{newest}") if newest && newest != present
      end

      action(:remove) { take_away('remove', present) }
      action(:purge) { take_away('purge', known?) }
    end

    class RpmPackage < AnyPackage
      provides :rpm_package

      action(:install) { raise Exceptions::Package, "#{new_resource}: the double has no rpm" }
    end
  end
end
