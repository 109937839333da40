internal import Text

/// Matching of a data set's classes with those of a model: classes are equal if their names are, regardless of order
/// and Unicode form.
extension Dataset {
  /// Whether the classes have numbers and no names, as for IDX files without `classes.txt`.
  var hasNumbersAsNames: Bool { Self.areNumbers(classNames) }

  private static func areNumbers(_ names: [String]) -> Bool { names == names.indices.map(String.init) }

  /// The names of the classes that no training image has, in the order of labels.
  package var classesWithoutTrainingImages: [String] {
    let labels = Set(train.labels)
    return classNames.enumerated().filter { !labels.contains(UInt8($0.offset)) }.map(\.element)
  }

  /// Returns this data set with its classes in the order of `names`, and its labels changed accordingly.
  ///
  /// If one side has names (none of them a number) and the other has the same number of unnamed classes, they are
  /// matched by number.
  /// - Parameters:
  ///   - names: the names of a model's classes, by label
  ///   - owner: the owner of `names` for messages, for example "the model"
  ///   - allowsMissing: whether this data set may lack some of the classes, which suffices to evaluate a model
  /// - Returns: the data set, with a note if the classes were changed
  /// - Throws: ``DatasetError/inconsistent(path:reason:)`` with the classes that one side lacks
  package func matchingClasses(
    _ names: [String], of owner: String, allowsMissing: Bool = false
  ) throws(DatasetError) -> Dataset {
    // Swift compares strings by canonical equivalence: é equals é, whether it is one code point or two.
    if classNames == names { return self }
    let named = Self.areNumbers(classNames) ? names : Self.areNumbers(names) ? classNames : []
    if classNames.count == names.count, !named.isEmpty, !named.contains(where: { Int($0) != nil }) {
      let unnamed = Self.areNumbers(classNames) ? "the data set's" : "\(owner)'s"
      return relabeled(
        Array(names.indices), names,
        note: "\(unnamed) classes have numbers and no names, and are matched by number; check that they are the same")
    }
    let places = classNames.map { names.firstIndex(of: $0) }
    guard classNames.count == names.count || allowsMissing, !places.contains(nil) else {
      throw .inconsistent(path: name, reason: Self.difference(classNames, names, owner))
    }
    if classNames.count < names.count {
      let missing = names.filter { !classNames.contains($0) }
      return relabeled(
        places.map { $0! }, names,
        note: "there are no images of \(counted(missing.count, "class", "classes")) of \(owner): "
          + missing.listed(atMost: 10))
    }
    return relabeled(
      places.map { $0! }, names, note: "the classes are in a different order than \(owner)'s, and are matched by name")
  }

  private static func difference(_ own: [String], _ names: [String], _ owner: String) -> String {
    func list(_ names: [String]) -> String {
      names.listed(atMost: 10)
    }
    let (missing, unknown) = (names.filter { !own.contains($0) }, own.filter { !names.contains($0) })
    let parts =
      (missing.isEmpty ? [] : ["missing here: \(list(missing))"])
      + (unknown.isEmpty ? [] : ["unknown to \(owner): \(list(unknown))"])
    return "has different classes than \(owner); \(parts.joined(separator: "; "))"
  }

  /// - Parameter places: the new label of each label
  private func relabeled(_ places: [Int], _ names: [String], note: String) -> Dataset {
    func relabel(_ images: LabeledImages) -> LabeledImages {
      LabeledImages(shape: images.shape, pixels: images.pixels, labels: images.labels.map { UInt8(places[Int($0)]) })
    }
    var relabeled = with(classNames: names, train: relabel(train), test: relabel(test))
    relabeled.notes.append(note)
    return relabeled
  }
}
