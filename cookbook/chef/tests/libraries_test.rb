# The cookbook's libraries by themselves: documents, secrets, versions, rights, variables, attributes.

require 'minitest/autorun'
require 'tmpdir'
Dir[File.expand_path('../pgsidecar/libraries/*.rb', __dir__)].sort.each { |path| require path }

class LibrariesTest < Minitest::Test
  include Pgsidecar::Cookbook

  # A folder that everybody may walk through.
  def in_folder
    Dir.mktmpdir do |folder|
      File.chmod(0o755, folder)
      yield folder
    end
  end

  def with_file(text, mode: 0o644)
    in_folder do |folder|
      path = File.join(folder, 'application.yml')
      File.write(path, text)
      File.chmod(mode, path)
      yield path
    end
  end

  def give(path, group)
    File.chown(nil, Etc.getgrnam(group).gid, path)
  end

  def test_an_instance_has_units_and_files_of_its_own_and_the_main_agent_has_those_of_the_package
    main = Instance.new('default')
    shop = Instance.new('shop')
    assert_equal %w(pgsidecar.service pgsidecar.socket /etc/pgsidecar/pgsidecar.yml /etc/pgsidecar/environment /run/pgsidecar),
                 [main.service, main.socket, main.config_file, main.environment_file, main.socket_directory]
    assert_equal %w(pgsidecar@shop.service pgsidecar@shop.socket /etc/pgsidecar/shop.yml /etc/pgsidecar/shop.environment /run/pgsidecar-shop),
                 [shop.service, shop.socket, shop.config_file, shop.environment_file, shop.socket_directory]
  end

  def test_a_name_that_would_be_another_file_or_unit_is_none
    ['pgsidecar', '', '../x', 'a b', 'Shop', 'a@b', "a\nb", '-a'].each { |name| refute_match Instance::NAME, name }
    %w(default shop shop-2 pgsidecar2).each { |name| assert_match Instance::NAME, name }
  end

  def test_what_is_rendered_reads_back_as_it_was
    document = { 'a' => '010', 'b' => 'yes', 'c' => "two\nlines", 'd' => { 'e' => [1, '12:30', nil] }, 'f' => '#x: {' }
    [document, {}].each do |each|
      with_file(ConfigDocument.render(each)) { |path| assert_equal each, ConfigDocument.read(path) }
    end
  end

  def test_what_is_no_plain_hash_is_not_read
    ["- a\n", 'a: [', "a: &x 1\nb: *x\n", "a: !ruby/object:Object {}\n", '', "\xff: 1"].each do |text|
      with_file(text) { |path| assert_nil ConfigDocument.read(path), text.inspect }
    end
  end

  def test_secrets_are_found_at_every_depth_and_files_that_hold_them_are_none
    document = { 'users' => { 'a' => { 'password' => 'x', 'password_file' => '/x' }, 'b' => { 'password_next' => 'y' } },
                 'databases' => { 'c' => { 'url' => 'postgres://' } }, 'default_pool_size' => 5, }
    assert_equal %w(users.a.password users.b.password_next databases.c.url), ConfigDocument.secret_paths(document)
  end

  def test_a_document_is_split_into_what_was_asked_for_and_the_rest_without_secrets
    present = { 'a' => 1, 'users' => { 'ours' => { 'password' => 'x', 'databases' => %w(d) }, 'theirs' => { 'password' => 'y' } } }
    wanted = { 'users' => { 'ours' => { 'password' => 'new' } } }
    ours, rest = ConfigDocument.split(present, wanted)
    assert_equal({ 'users' => { 'ours' => { 'password' => 'x' } } }, ours)
    assert_equal({ 'a' => 1, 'users' => { 'ours' => { 'databases' => %w(d) }, 'theirs' => { 'password' => ConfigDocument::HIDDEN } } }, rest)
  end

  def test_the_same_document_splits_into_what_it_was_made_of
    settings = { 'users' => { 'a' => { 'databases' => %w(d) } }, 'x' => 1 }
    secrets = { 'users' => { 'a' => { 'password' => 's' }, 'b' => { 'password' => 't' } } }
    assert_equal [secrets, settings], ConfigDocument.split(ConfigDocument.merge(settings, secrets), secrets)
  end

  def test_versions_are_ordered_as_the_package_managers_order_them
    ordered = %w(0.1.0~rc1-1 0.1.0~rc2 0.1.0 0.1.0-2 0.1.0-10 0.2.0 0.10.0 1:0.0.1)
    ordered.each_cons(2) do |older, newer|
      assert PackageVersion.older?(older, newer), "#{older} < #{newer}"
      refute PackageVersion.older?(newer, older), "#{newer} < #{older}"
    end
    assert PackageVersion.same?('0.1.0', '0.1.0-3')
    refute PackageVersion.same?('0.1.0-1', '0.1.0-3')
    refute PackageVersion.same?(nil, '0.1.0')
  end

  def test_variables_of_an_environment_file
    with_file("# A=1\n\nB=two words\nC='it''s'\nD=\"x\"\n; E=1\nF=a=b\nG=\nnothing\n") do |path|
      assert_equal({ 'B' => 'two words', 'C' => "it''s", 'D' => 'x', 'F' => 'a=b', 'G' => '' }, Checker.variables(path))
      assert_equal({}, Checker.variables("#{path}.gone"))
    end
  end

  def test_sentences_are_the_agents_own
    result = Struct.new(:stdout, :stderr, :exitstatus)
    assert_equal 'error: no', Checker.sentences(result.new("Took\n  x\n", "error: no\n", 78))
    assert_equal 'exit code 127', Checker.sentences(result.new('', '', 127))
  end

  def test_a_file_for_everybody_needs_no_group_and_one_that_is_gone_none_either
    with_file('') do |path|
      assert_equal [], Access.groups_for([path, "#{path}.gone", 'environment'])
    end
  end

  def test_a_file_for_its_owner_alone_is_refused_with_its_rights
    with_file('', mode: 0o600) do |path|
      error = assert_raises(Access::Refused) { Access.groups_for([path]) }
      assert_includes error.message, "#{path} is 0600"
    end
  end

  def test_a_file_of_a_group_that_gives_the_machine_away_is_refused
    with_file('', mode: 0o640) do |path|
      assert_includes assert_raises(Access::Refused) { Access.groups_for([path]) }.message, 'not put into the group root'
      give(path, 'daemon')
      assert_equal %w(daemon), Access.groups_for([path])
      File.chmod(0o710, File.dirname(path))
      give(File.dirname(path), 'games')
      assert_equal %w(daemon games), Access.groups_for([path])
    end
  end

  def test_the_way_to_a_file_is_the_one_that_is_written_and_the_one_that_links_take
    in_folder do |folder|
      { 'app' => 'daemon', 'releases' => 'games' }.each do |name, group|
        Dir.mkdir(File.join(folder, name))
        File.chmod(0o710, File.join(folder, name))
        give(File.join(folder, name), group)
      end
      File.write(File.join(folder, 'releases', 'application.yml'), '')
      File.symlink('../releases', File.join(folder, 'app', 'current'))
      assert_equal %w(daemon games), Access.groups_for([File.join(folder, 'app', 'current', 'application.yml')])
    end
  end

  def test_a_link_gives_no_group_away_in_which_its_owner_is_not
    nobody = Etc.getpwnam('nobody')
    in_folder do |folder|
      Dir.mkdir(File.join(folder, 'secrets'))
      file = File.join(folder, 'secrets', 'x.yml')
      link = File.join(folder, 'application.yml')
      File.write(file, '')
      File.chmod(0o640, file)
      give(file, 'daemon')
      File.symlink(file, link)
      assert_equal %w(daemon), Access.groups_for([link])
      File.lchown(nobody.uid, nobody.gid, link)
      error = assert_raises(Access::Refused) { Access.groups_for([link]) }
      assert_includes error.message, "#{link}, a link of nobody, leads to #{file}, and nobody is not in the group daemon"
      give(file, Etc.getgrgid(nobody.gid).name)
      assert_equal [Etc.getgrgid(nobody.gid).name], Access.groups_for([link])
    end
  end

  def test_links_without_an_end_are_refused
    in_folder do |folder|
      File.symlink('circle', File.join(folder, 'circle'))
      assert_raises(Access::Refused) { Access.follow(File.join(folder, 'circle')) }
    end
  end

  def test_one_application_under_two_names_is_one
    in_folder do |folder|
      Dir.mkdir(File.join(folder, 'releases'))
      File.write(File.join(folder, 'releases', 'application.yml'), '')
      File.symlink('releases', File.join(folder, 'current'))
      found = Autoconfig.application_yml(["#{folder}/current/application.yml", "#{folder}/*/application.yml"])
      assert_equal File.join(folder, 'current', 'application.yml'), found
      File.write(File.join(folder, 'application.yml'), '')
      assert_raises(Autoconfig::NotOne) { Autoconfig.application_yml(["#{folder}/*/application.yml", "#{folder}/application.yml"]) }
    end
  end

  def test_attributes_are_checked_all_at_once_and_a_wrong_value_is_not_shown
    error = assert_raises(NodeAttributes::Wrong) do
      NodeAttributes.checked('versoin' => '1', 'package_file' => 'relative/hush', 'instances' => { 'shop' => 1, 'A' => {} })
    end
    assert_equal 4, error.message.lines.size
    assert_includes error.message, "did you mean 'version'?"
    refute_includes error.message, 'hush'
    assert_equal({ 'version' => nil, 'instances' => {} }, NodeAttributes.checked('version' => nil, 'instances' => {}))
  end
end
