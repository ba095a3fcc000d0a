"""What stands in the result of a tool."""


def text_of(result, description):
    """The text of the item with this description; None when there is no such item."""
    texts = [item["text"] for item in result["content"] if item["description"] == description]
    assert len(texts) <= 1
    return texts[0] if texts else None


def descriptions_of(result):
    return [item["description"] for item in result["content"]]
