"""The XMP packet of a saved picture: machine-readable that it is AI-generated, by what, and under which licence."""

from __future__ import annotations

from xml.etree import ElementTree

SOFTWARE = "Latent Atelier"
# https://cv.iptc.org/newscodes/digitalsourcetype/: "created by a model trained on sampled content"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
for _prefix, _uri in NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _uri)


def packet(*, description: str, rights: str, system: str, version: str) -> str:
    """An XMP packet (ISO 16684-1): IPTC's source type and AI system (Photo Metadata 2025.1), tool, words, rights."""
    meta = ElementTree.Element(_name("x:xmpmeta"))
    rdf = ElementTree.SubElement(meta, _name("rdf:RDF"))
    about = ElementTree.SubElement(rdf, _name("rdf:Description"), {_name("rdf:about"): ""})
    _add(about, "xmp:CreatorTool", SOFTWARE)
    _add(about, "Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE)
    _add(about, "Iptc4xmpExt:AISystemUsed", system)
    _add(about, "Iptc4xmpExt:AISystemVersionUsed", version)
    for name, text in (("dc:description", description), ("dc:rights", rights)):
        # language alternatives: XMP wants these two as a list with a default
        choices = ElementTree.SubElement(ElementTree.SubElement(about, _name(name)), _name("rdf:Alt"))
        item = _add(choices, "rdf:li", text)
        item.set("{http://www.w3.org/XML/1998/namespace}lang", "x-default")
    body = ElementTree.tostring(meta, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{body}\n<?xpacket end="r"?>'


def _name(prefixed: str) -> str:
    prefix, local = prefixed.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _add(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, _name(name))
    child.text = "".join(c if c.isprintable() or c in "\t\n" else " " for c in text)  # XML 1.0, §2.2
    return child
