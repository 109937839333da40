import Selection

extension SuccessiveHalving.Resource {
  static let epochs = Self(rawValue: "epochs")!
  static let trees = Self(rawValue: "trees")!
}
