internal import Foundation

/// The user's folders as the XDG Base Directory Specification defines them: the value of the XDG variable if it is an
/// absolute path, else a folder in the home directory. The home directory is `HOME` if that is an absolute path, else
/// the entry of the password file.
package enum UserFolders {
  /// The folder for configuration files, such as keys; nil if there is no home directory.
  package static func configuration(
    environment: [String: String] = ProcessInfo.processInfo.environment, passwordFileHome: String? = passwordFileHome()
  ) -> String? {
    folder("XDG_CONFIG_HOME", ".config", environment, passwordFileHome)
  }

  /// The folder for files that can be regenerated; nil if there is no home directory.
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

  /// The home directory in the password file; nil if the file has no entry for this user.
  package static func passwordFileHome() -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 1 << 14)
    guard getpwuid_r(getuid(), &entry, &buffer, buffer.count, &found) == 0, found != nil, let home = entry.pw_dir
    else { return nil }
    return String(cString: home)
  }
}
