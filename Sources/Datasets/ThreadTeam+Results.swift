internal import Compute

extension ThreadTeam {
  /// Returns the results of `body` for each element, in their order.
  func map<Element, Output>(
    _ elements: [Element], _ body: (Element) throws(DatasetError) -> Output
  ) -> [Result<Output, DatasetError>] {
    [Result<Output, DatasetError>](unsafeUninitializedCapacity: elements.count) { results, count in
      guard let results = results.baseAddress else { return }
      forEach(elements.count, chunk: 4) { index, _ in
        let result: Result<Output, DatasetError>
        do throws(DatasetError) { result = .success(try body(elements[index])) } catch { result = .failure(error) }
        (results + index).initialize(to: result)
      }
      count = elements.count
    }
  }
}
