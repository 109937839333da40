import Files
import Testing

@Suite struct UserFoldersTests {
  @Test func environmentOverridesPasswordFile() {
    let cases: [(environment: [String: String], configuration: String?, cache: String?)] = [
      (["XDG_CONFIG_HOME": "/x", "XDG_CACHE_HOME": "/y", "HOME": "/h"], "/x", "/y"),
      (["XDG_CONFIG_HOME": "/x", "HOME": "/h"], "/x", "/h/.cache"), (["HOME": "/h"], "/h/.config", "/h/.cache"),
      (["XDG_CONFIG_HOME": "relative", "XDG_CACHE_HOME": "", "HOME": "/h"], "/h/.config", "/h/.cache"),
      ([:], "/p/.config", "/p/.cache"), (["HOME": ""], "/p/.config", "/p/.cache"),
      (["HOME": "relative"], "/p/.config", "/p/.cache"),
    ]
    for (environment, configuration, cache) in cases {
      #expect(UserFolders.configuration(environment: environment, passwordFileHome: "/p") == configuration)
      #expect(UserFolders.cache(environment: environment, passwordFileHome: "/p") == cache)
    }
    #expect(UserFolders.configuration(environment: [:], passwordFileHome: nil) == nil)
    #expect(UserFolders.cache(environment: [:], passwordFileHome: nil) == nil)
  }

  @Test func passwordFileHasHomeDirectory() { #expect(UserFolders.passwordFileHome()?.hasPrefix("/") == true) }
}
