internal import Foundation

/// The user's folders, as the XDG Base Directory Specification defines them: the variable of that name if it is an absolute path, else a folder
/// in the home directory, which is `HOME` if that is an absolute path, else what the password file says.
package enum UserFolders {
  /// For what the user has set up, such as keys. Nil if there is no home directory.
  package static func configuration(
    environment: [String: String] = ProcessInfo.processInfo.environment, passwordFileHome: String? = passwordFileHome()
  ) -> String? {
    folder("XDG_CONFIG_HOME", ".config", environment, passwordFileHome)
  }

  /// For what can be made again. Nil if there is no home directory.
  package static func cache(
    environment: [String: String] = ProcessInfo.processInfo.environment, passwordFileHome: String? = passwordFileHome()
  ) -> String? {
    folder("XDG_CACHE_HOME", ".cache", environment, passwordFileHome)
  }

  private static func folder(
    _ variable: String, _ standard: String, _ environment: [String: String], _ passwordFileHome: String?
  ) -> String? {
    func absolute(_ path: String?) -> String? { path.flatMap { $0.hasPrefix("/") ? $0 : nil } }
    if let folder = absolute(environment[variable]) { return folder }
    return (absolute(environment["HOME"]) ?? absolute(passwordFileHome)).map { "\($0)/\(standard)" }
  }

  /// The home directory that the password file names; nil if it has no entry of this user.
  package static func passwordFileHome() -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 1 << 14)
    guard getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil, let home = entry.pw_dir
    else { return nil }
    return String(cString: home)
  }
}
