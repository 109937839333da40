internal import Datasets
internal import Foundation

/// The image files that arguments stand for: files, the images of folders, the names in lists, and names from standard
/// input.
struct ImageArguments {
  static let listEndings = ["txt", "csv", "tsv"]

  private(set) var files: [FileName] = []
  /// Arguments that cannot be read.
  private(set) var failures: [DatasetError] = []
  /// The files in folders that are not images, or have another format.
  private(set) var skipped: [FileName] = []

  private static let longestList = 1 << 30

  init(_ arguments: [String]) {
    for argument in arguments {
      do throws(DatasetError) { try add(argument) } catch { failures.append(error) }
    }
  }

  private mutating func add(_ argument: String) throws(DatasetError) {
    let list = FileName(argument)
    if argument == "-" {
      let text = Array(FileHandle.standardInput.readDataToEndOfFile())
      for name in try ImageNames.names(in: text, path: "standard input") { add(name) }
    } else if list.hasEnding(Self.listEndings), !list.isFolder {
      let text = try list.contents(limit: Self.longestList)
      for name in try ImageNames.names(in: text, relativeTo: list.folder, path: list.shown) {
        add(list.folder.map { $0.appending(name) } ?? name)
      }
    } else {
      add(list)
    }
  }

  /// Adds a file, or the images of a folder.
  private mutating func add(_ name: FileName) {
    guard name.isFolder else { return files.append(name) }
    do throws(DatasetError) {
      let found = try ImageFolder.images(below: name)
      failures += found.unreadable
      guard !found.files.isEmpty || !found.unreadable.isEmpty else {
        throw .missing(path: name.shown, reason: "is a folder without images")
      }
      files += found.files
      skipped += found.skipped
    } catch { failures.append(error) }
  }
}
