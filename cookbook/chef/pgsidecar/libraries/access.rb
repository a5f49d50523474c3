# Which groups the agent has to be in to read the application's own file, and whether that is enough.

require 'etc'

module Pgsidecar
  module Cookbook
    module Access
      # The agent's user, and its own group.
      AGENT = 'pgsidecar'.freeze
      # The groups that the package has put it into.
      AGENTS_GROUPS = %w(pgsidecar pgsidecar-config).freeze
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

      # The file itself has to be read, and each directory on the way to be passed through: as it is written, and where links lead.
      def groups_of(path)
        real = ::File.realpath(path)
        folders = (folders_above(path) | folders_above(real)).map { |folder| group_for(folder, 1, path) }
        [group_for(real, 4, path), *folders].compact.uniq
      end

      def folders_above(path)
        folder = ::File.dirname(path)
        folder == '/' ? [] : [folder, *folders_above(folder)]
      end

      # Names, or numbers where there is no name.
      def owner(stat)
        Etc.getpwuid(stat.uid).name
      rescue ArgumentError
        stat.uid.to_s
      end

      def group(stat)
        Etc.getgrgid(stat.gid).name
      rescue ArgumentError
        stat.gid.to_s
      end

      # nil: everybody has the right. `right` is 4 to read, 1 to pass through.
      def group_for(path, right, wanted)
        stat = ::File.stat(path)
        return if stat.mode.anybits?(right)

        return if owner(stat) == AGENT

        group = group(stat)
        rights = format('%<mode>04o %<owner>s:%<group>s', mode: stat.mode & 0o7777, owner: owner(stat), group: group)
        unless stat.mode.anybits?(right << 3)
          raise Refused, "Cannot let pgsidecar read #{wanted}: #{path} is #{rights}. Give its group the right, or say supplementary_groups"
        end
        return if AGENTS_GROUPS.include?(group)

        if NEVER.include?(group)
          raise Refused, "Cannot let pgsidecar read #{wanted}: #{path} is #{rights}, and the agent is not put into the group #{group}. " \
                         'Give the file a group of its own, or say supplementary_groups'
        end
        group
      end
    end
  end
end
