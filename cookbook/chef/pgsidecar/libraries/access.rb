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
      # As the kernel's own.
      LINKS_MAX = 40

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
        real, links = follow(path)
        folders = (folders_above(path) | folders_above(real)).map { |folder| group_for(folder, 1, path) }
        groups = [group_for(real, 4, path), *folders].compact.uniq
        links.each { |link| refuse_foreign(groups, link, real, path) }
        groups
      end

      # Where the path leads, and the links on the way.
      def follow(path)
        rest = path.split('/')
        at = '/'
        links = []
        until rest.empty?
          name = rest.shift
          next if ['', '.'].include?(name)

          here = name == '..' ? ::File.dirname(at) : ::File.join(at, name)
          unless ::File.symlink?(here)
            at = here
            next
          end
          links << here
          raise Refused, "Cannot let pgsidecar read #{path}: its links have no end" if links.size > LINKS_MAX

          target = ::File.readlink(here)
          at = '/' if target.start_with?('/')
          rest = target.split('/') + rest
        end
        [at, links]
      end

      # Whoever makes a link has no group to give away but his own: else he would have the agent read for him what he may not.
      def refuse_foreign(groups, link, real, wanted)
        stat = ::File.lstat(link)
        return if stat.uid.zero?

        foreign = groups - groups_of_user(owner(stat))
        return if foreign.empty?

        raise Refused, "Cannot let pgsidecar read #{wanted}: #{link}, a link of #{owner(stat)}, leads to #{real}, and #{owner(stat)} is not in " \
                       "the group #{foreign.join(', ')}. Name the file itself, or say supplementary_groups"
      end

      def groups_of_user(name)
        member = Etc.enum_for(:group).select { |group| group.mem.include?(name) }.map(&:name)
        member | [Etc.getgrgid(Etc.getpwnam(name).gid).name]
      rescue ArgumentError
        []
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
