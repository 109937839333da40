internal import Files
internal import Foundation
internal import Reports

/// A folder with a report: the page, and its images as files.
enum ReportFolder {
  /// Writes all files, each atomically.
  /// - Returns: the path of the page
  /// - Throws: ``FileError``
  static func write(_ report: Report, to folder: String) throws -> String {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw FileError.notCreated(path: folder, reason: error.localizedDescription)
    }
    let files = report.files
    // The page is written last, so that it never refers to missing files.
    for file in files.reversed() {
      try FileReplacement.write([file.bytes], to: "\(folder)/\(file.name)", isFlushed: false)
    }
    return "\(folder)/\(files[0].name)"
  }
}
