# Which groups the agent has to be in to read the application's own file, and whether that is enough.

require 'etc'

module Pgsidecar
  module Cookbook
    module Access
      # The agent's user, and its own group.
      AGENT = 'pgsidecar'.freeze
      # Groups that would give the agent the run of the machine.
      NEVER = %w(root wheel sudo shadow disk).freeze

      class Refused < StandardError; end

      module_function

      # The numbers of the groups that the agent's user is in anyway.
      def own_groups
        member = Etc.enum_for(:group).select { |group| group.mem.include?(AGENT) }.map(&:gid)
        member | [Etc.getpwnam(AGENT).gid]
      end

      # For files that exist: the groups beside its own, without those that everybody's rights make unnecessary.
      def groups_for(paths)
        paths.select { |path| path.start_with?('/') && ::File.file?(path) }.flat_map { |path| groups_of(path) }.uniq.sort
      end

      # The file itself has to be read, and each directory on the way, links followed, to be passed through.
      def groups_of(path)
        real = ::File.realpath(path)
        folders = []
        folder = ::File.dirname(real)
        until folder == '/'
          folders << folder
          folder = ::File.dirname(folder)
        end
        [group_for(real, 4, path)].concat(folders.map { |each| group_for(each, 1, path) }).compact.uniq
      end

      # nil: everybody has the right. `right` is 4 to read, 1 to pass through.
      def group_for(path, right, wanted)
        stat = ::File.stat(path)
        return if stat.mode.anybits?(right)

        return if Etc.getpwuid(stat.uid).name == AGENT

        group = Etc.getgrgid(stat.gid).name
        rights = format('%<mode>04o %<owner>s:%<group>s', mode: stat.mode & 0o7777, owner: Etc.getpwuid(stat.uid).name, group: group)
        unless stat.mode.anybits?(right << 3)
          raise Refused, "Cannot let pgsidecar read #{wanted}: #{path} is #{rights}. Give its group the right, or say supplementary_groups"
        end
        return if group == AGENT

        if NEVER.include?(group)
          raise Refused, "Cannot let pgsidecar read #{wanted}: #{path} is #{rights}, and the agent is not put into the group #{group}. " \
                         'Give the file a group of its own, or say supplementary_groups'
        end
        group
      end
    end
  end
end
