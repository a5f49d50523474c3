# Files of the double: written whole, verified before, without a secret in what is said.

require 'socket'
require_relative 'helper'

class FilesTest < Minitest::Test
  include DoubleHelper

  def in_place(&block)
    in_folder do |folder|
      Chef::Config[:file_cache_path] = File.join(folder, 'cache')
      block.call(File.join(folder, 'a.yml'))
    end
  end

  def test_a_file_is_written_once_with_its_mode
    in_place do |path|
      recipe = proc do
        file(path) do
          content "x\n"
          mode '640'
          backup false
        end
      end
      assert_equal [1, 0], [converge(&recipe).updated, converge(&recipe).updated]
      assert_equal ["x\n", 0o640], [File.read(path), File.stat(path).mode & 0o777]
      File.chmod(0o600, path)
      assert_equal 1, converge(&recipe).updated
    end
  end

  def test_a_sensitive_file_is_not_shown
    in_place do |path|
      converge do
        file(path) do
          content 'hush'
          sensitive true
        end
      end
      refute_includes said, 'hush'
      converge { file("#{path}.2") { content 'told' } }
      assert_includes said, '+told'
    end
  end

  def test_a_refused_file_is_not_put_in_place_and_a_copy_is_kept_as_chef_keeps_it
    in_place do |path|
      error = assert_raises(Chef::Exceptions::ValidationFailed) do
        converge do
          file(path) do
            content 'bad'
            verify 'grep -q good %{path}'
          end
        end
      end
      assert_includes error.message, 'failed verification'
      refute File.exist?(path)
      assert_equal 1, Dir[File.join(File.dirname(path), 'cache', 'failed_validations', '.chef-a*.yml')].size
    end
  end

  def test_a_verification_that_raises_leaves_no_copy
    in_place do |path|
      error = assert_raises(ArgumentError) do
        converge do
          file(path) do
            content 'bad'
            verify { |_staged| raise ArgumentError, 'the reason' }
          end
        end
      end
      assert_equal 'the reason', error.message
      left = Dir.glob(File.join(File.dirname(path), '**', '*'), File::FNM_DOTMATCH).select { |each| File.file?(each) }
      assert_equal [], left
    end
  end

  def test_why_run_writes_nothing
    in_place do |path|
      assert_equal 1, converge(why_run: true) { file(path) { content 'x' } }.updated
      refute File.exist?(path)
    end
  end

  # Answers one request with `body`, on a port of its own.
  def serving(body)
    server = TCPServer.new('127.0.0.1', 0)
    thread = Thread.new do
      client = server.accept
      client.gets("\r\n\r\n")
      client.write("HTTP/1.0 200 OK\r\nContent-Length: #{body.size}\r\n\r\n#{body}")
      client.close
    end
    yield "http://127.0.0.1:#{server.addr[1]}/x.deb"
  ensure
    thread.join
    server.close
  end

  def download(url, sum, path)
    converge do
      remote_file(path) do
        source url
        checksum sum
        mode '0644'
      end
    end
  end

  def test_a_download_is_kept_and_not_fetched_again
    in_place do |path|
      sum = Digest::SHA256.hexdigest('body')
      serving('body') { |url| assert_equal 1, download(url, sum, path).updated }
      assert_equal 'body', File.read(path)
      # Nobody serves there any more.
      assert_equal 0, download('http://127.0.0.1:1/x.deb', sum, path).updated
    end
  end

  def test_a_download_with_another_checksum_is_refused
    in_place do |path|
      serving('other') { |url| assert_raises(Chef::Exceptions::ChecksumMismatch) { download(url, '0' * 64, path) } }
      refute File.exist?(path)
    end
  end
end
