# The resources execute, service, group and user, as far as the cookbook and its tests use them.

require 'etc'

class Chef
  class Resource
    class Execute < Resource
      provides :execute
      property :command, [String, Array], name_property: true
      property :environment, Hash, default: {}
      default_action :run

      action :run do
        converge_by("execute #{new_resource.sensitive ? 'sensitive resource' : new_resource.command}") do
          shell_out!(*Array(new_resource.command), environment: new_resource.environment)
        end
      end
    end

    class Service < Resource
      provides :service
      property :service_name, String, name_property: true
      default_action :nothing

      action_class do
        def is(question)
          shell_out('systemctl', question, '--quiet', new_resource.service_name).exitstatus.zero?
        end

        def systemctl(verb)
          converge_by("#{verb} service #{new_resource.service_name}") { shell_out!('systemctl', verb, new_resource.service_name) }
        end
      end

      action(:enable) { systemctl('enable') unless is('is-enabled') }
      action(:disable) { systemctl('disable') if is('is-enabled') }
      action(:start) { systemctl('start') unless is('is-active') }
      action(:stop) { systemctl('stop') if is('is-active') }
      action(:restart) { systemctl('restart') }
      action(:reload) { systemctl('reload') }
    end

    class Group < Resource
      provides :group
      property :group_name, String, name_property: true
      property :members, [String, Array], default: [], coerce: proc { |users| Array(users) }
      property :append, [true, false], default: false
      property :system, [true, false], default: false
      default_action :create

      action_class do
        def present
          Etc.getgrnam(new_resource.group_name)
        rescue ArgumentError
          nil
        end

        def add_members
          raise ArgumentError, "#{new_resource}: the double only appends" unless new_resource.append || new_resource.members.empty?

          missing = new_resource.members - present.mem
          return if missing.empty?

          converge_by("add missing member(s): #{missing.join(', ')}") do
            missing.each { |user| shell_out!('gpasswd', '-a', user, new_resource.group_name) }
          end
        end
      end

      action :create do
        unless present
          converge_by("create group #{new_resource.group_name}") do
            shell_out!('groupadd', *('--system' if new_resource.system), new_resource.group_name)
          end
        end
        add_members if present
      end

      # Nothing for a group that is not there.
      action(:manage) { add_members if present }
    end

    class User < Resource
      provides :user
      property :username, String, name_property: true
      property :system, [true, false], default: false
      property :shell, String
      property :gid, String
      default_action :create

      action :create do
        known = begin
          Etc.getpwnam(new_resource.username)
        rescue ArgumentError
          nil
        end
        unless known
          converge_by("create user #{new_resource.username}") do
            words = []
            words << '--system' if new_resource.system
            words.push('--shell', new_resource.shell) if new_resource.shell
            words.push('--gid', new_resource.gid) if new_resource.gid
            shell_out!('useradd', *words, new_resource.username)
          end
        end
      end
    end
  end
end
