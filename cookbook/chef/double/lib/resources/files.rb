# The resources file, directory and remote_file, as far as the cookbook uses them.

require 'digest'
require 'etc'
require 'fileutils'
require 'open-uri'
require 'tempfile'

class Chef
  # Owner, group and mode of a path, which file and directory have in common.
  module Rights
    def self.of(path)
      stat = ::File.stat(path)
      { owner: Etc.getpwuid(stat.uid).name, group: Etc.getgrgid(stat.gid).name, mode: format('%04o', stat.mode & 0o7777) }
    end

    def self.wanted(resource)
      { owner: resource.owner, group: resource.group, mode: resource.mode&.rjust(4, '0') }.compact
    end

    def self.put(path, rights)
      ::File.chown(rights[:owner] && Etc.getpwnam(rights[:owner]).uid, rights[:group] && Etc.getgrnam(rights[:group]).gid, path)
      ::File.chmod(rights[:mode].to_i(8), path) if rights[:mode]
    end

    def converge_rights(path)
      wanted = Rights.wanted(new_resource)
      present = ::File.exist?(path) ? Rights.of(path) : {}
      changed = wanted.reject { |name, value| present[name] == value }
      return if changed.empty?

      lines = changed.map { |name, value| "change #{name} from '#{present[name]}' to '#{value}'" }
      converge_by(lines) { Rights.put(path, wanted) }
    end
  end

  class Resource
    class Directory < Resource
      provides :directory
      property :path, String, name_property: true
      property :owner, String
      property :group, String
      property :mode, String
      property :recursive, [true, false], default: false
      default_action :create

      action_class do
        include Rights
      end

      action :create do
        path = new_resource.path
        unless ::File.directory?(path)
          converge_by("create new directory #{path}") { new_resource.recursive ? FileUtils.mkdir_p(path) : Dir.mkdir(path) }
        end
        converge_rights(path)
      end

      action :delete do
        converge_by("delete directory #{new_resource.path}") { Dir.rmdir(new_resource.path) } if ::File.directory?(new_resource.path)
      end
    end

    class File < Resource
      provides :file
      property :path, String, name_property: true
      property :content, String
      property :owner, String
      property :group, String
      property :mode, String
      property :checksum, String
      property :backup, [Integer, false], default: 5
      default_action :create

      # A command with %{path}, or a block that is given the path; asked before the file is put in place.
      def verify(command = nil, &block)
        @verifications ||= []
        @verifications << (command || block) if command || block
        @verifications
      end

      action_class do
        include Rights

        def wanted_content
          new_resource.content
        end

        def stage(content)
          folder = ::File.dirname(new_resource.path)
          there = ::File.directory?(folder)
          raise Exceptions::EnclosingDirectoryDoesNotExist, "Parent directory #{folder} does not exist." unless there || whyrun_mode?

          place = there ? folder : Dir.tmpdir
          extension = ::File.extname(new_resource.path)
          Tempfile.create([".chef-#{::File.basename(new_resource.path, extension)}", extension], place, mode: ::File::BINARY) do |staged|
            staged.write(content)
            staged.flush
            yield staged.path
          end
        end

        def verify_staged(path)
          new_resource.verify.each do |how|
            next if how.is_a?(Proc) ? how.call(path) : !shell_out(format(how, path: path)).error?

            # Chef keeps a copy of what it refused.
            kept = ::File.join(Config[:file_cache_path], 'failed_validations', ::File.basename(path))
            FileUtils.mkdir_p(::File.dirname(kept))
            FileUtils.cp(path, kept)
            raise Exceptions::ValidationFailed, "Proposed content for #{new_resource.path} failed verification " \
                                                "#{new_resource.sensitive ? '[sensitive]' : how}\nTemporary file moved to #{kept}"
          end
        end

        def put(content)
          path = new_resource.path
          present = ::File.file?(path) ? ::File.binread(path) : nil
          return if content.nil? || present == content.b

          stage(content) do |staged|
            verify_staged(staged)
            converge_by(described(present, content)) do
              keep_backup(path) if present
              # The rights come with the name, so that nobody can open it in between.
              rights = (present ? Rights.of(path) : { mode: '0600' }).merge(Rights.wanted(new_resource))
              Rights.put(staged, rights)
              FileUtils.cp(staged, "#{staged}.new", preserve: true)
              ::File.rename("#{staged}.new", path)
            end
          end
        end

        def keep_backup(path)
          return unless new_resource.backup

          kept = ::File.join('/var/chef/backup', path)
          FileUtils.mkdir_p(::File.dirname(kept))
          FileUtils.cp(path, kept, preserve: true)
        end

        def described(present, content)
          line = present ? "update content in file #{new_resource.path}" : "create new file #{new_resource.path}"
          return [line, 'suppressed sensitive resource'] if new_resource.sensitive

          [line] + content.lines.map { |each| "+#{each.chomp}" }
        end
      end

      action :create do
        put(wanted_content)
        converge_rights(new_resource.path)
      end

      action :delete do
        converge_by("delete file #{new_resource.path}") { ::File.delete(new_resource.path) } if ::File.exist?(new_resource.path)
      end
    end

    class RemoteFile < File
      provides :remote_file
      property :path, String, name_property: true
      property :source, String, required: true
      property :mode, String
      property :checksum, String
      default_action :create

      action_class do
        def sum(content)
          Digest::SHA256.hexdigest(content)
        end
      end

      action :create do
        path = new_resource.path
        present = ::File.file?(path) ? sum(::File.binread(path)) : nil
        if present.nil? || present != new_resource.checksum
          content = URI.parse(new_resource.source).open('rb', &:read)
          if new_resource.checksum && sum(content) != new_resource.checksum
            raise Exceptions::ChecksumMismatch, "Checksum on resource (#{new_resource.checksum[0, 6]}) does not match checksum on content " \
                                                "(#{sum(content)[0, 6]})"
          end

          new_resource.sensitive(true)
          put(content)
        end
        converge_rights(path)
      end
    end
  end
end
