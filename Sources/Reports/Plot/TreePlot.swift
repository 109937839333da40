/// The path of one image through a decision tree, from the root down to a leaf.
package struct TreePlot: Plot {
  package struct Branch: Sendable, Equatable {
    /// The outcome of the test: "yes" or "no".
    package var answer: String
    /// The number of training images that follow the branch.
    package var images: Int

    package init(_ answer: String, images: Int) { (self.answer, self.images) = (answer, images) }
  }

  package struct Step: Sendable, Equatable {
    /// For example "row 12, column 7 ≤ 83".
    package var test: String
    /// The value of the image, for example "120".
    package var value: String
    /// The number of training images that reach the node, by class.
    package var counts: [Int]
    package var taken: Branch
    package var other: Branch
    /// Whether the branch taken is the left one.
    package var takesLeft: Bool

    package init(test: String, value: String, counts: [Int], taken: Branch, other: Branch, takesLeft: Bool) {
      (self.test, self.value, self.counts) = (test, value, counts)
      (self.taken, self.other, self.takesLeft) = (taken, other, takesLeft)
    }
  }

  package var title: String
  package var classes: [String]
  /// From the root down.
  package var steps: [Step]
  /// The number of training images in the leaf, by class.
  package var leaf: [Int]

  package init(_ title: String, classes: [String], steps: [Step], leaf: [Int]) {
    precondition(
      leaf.count == classes.count && steps.allSatisfy { $0.counts.count == classes.count }, "one count per class")
    (self.title, self.classes, self.steps, self.leaf) = (title, classes, steps, leaf)
  }
}
