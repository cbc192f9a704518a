"""The numeric replies: every numeric of the wire has one name, and that name is the documents' own.

Names and texts are those of https://modern.ircdocs.horse/#numerics; what it leaves out is from the
IRCv3 specifications and RFC 2812. A text is what the last parameter says by default.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Numeric(StrEnum):
    """A numeric reply; its value is the three digits that stand on the wire as the command.

    Beyond the Modern document, from the IRCv3 specifications: 335 (bot-mode), 354 (whox),
    396 (multiline), 410 (capability-negotiation), 470 (channel-rename), 718 (account-tag; 716 and
    717 belong to it), 730-734 (monitor), 760-774 (metadata). From RFC 2812: 200-206, 211, 243,
    262, 303, 407, 413-415, 423, 437, 445, 446, 467, 484. From common practice: 105, 416, 447, 477,
    478, 480, 531, 728, 729.
    """

    RPL_WELCOME = "001"
    RPL_YOURHOST = "002"
    RPL_CREATED = "003"
    RPL_MYINFO = "004"
    RPL_ISUPPORT = "005"
    RPL_BOUNCE = "010"
    RPL_REMOTEISUPPORT = "105"
    RPL_TRACELINK = "200"
    RPL_TRACEUNKNOWN = "203"
    RPL_TRACEOPERATOR = "204"
    RPL_TRACEUSER = "205"
    RPL_TRACESERVER = "206"
    RPL_STATSLINKINFO = "211"
    RPL_STATSCOMMANDS = "212"
    RPL_ENDOFSTATS = "219"
    RPL_UMODEIS = "221"
    RPL_RULES = "232"
    RPL_STATSUPTIME = "242"
    RPL_STATSOLINE = "243"
    RPL_LUSERCLIENT = "251"
    RPL_LUSEROP = "252"
    RPL_LUSERUNKNOWN = "253"
    RPL_LUSERCHANNELS = "254"
    RPL_LUSERME = "255"
    RPL_ADMINME = "256"
    RPL_ADMINLOC1 = "257"
    RPL_ADMINLOC2 = "258"
    RPL_ADMINEMAIL = "259"
    RPL_TRACEEND = "262"
    RPL_TRYAGAIN = "263"
    RPL_LOCALUSERS = "265"
    RPL_GLOBALUSERS = "266"
    RPL_SILELIST = "271"
    RPL_ENDOFSILELIST = "272"
    RPL_WHOISCERTFP = "276"
    RPL_NONE = "300"
    RPL_AWAY = "301"
    RPL_USERHOST = "302"
    RPL_ISON = "303"
    RPL_UNAWAY = "305"
    RPL_NOWAWAY = "306"
    RPL_WHOISREGNICK = "307"
    RPL_RULESSTART = "308"
    RPL_ENDOFRULES = "309"
    RPL_WHOISUSER = "311"
    RPL_WHOISSERVER = "312"
    RPL_WHOISOPERATOR = "313"
    RPL_WHOWASUSER = "314"
    RPL_ENDOFWHO = "315"
    RPL_WHOISIDLE = "317"
    RPL_ENDOFWHOIS = "318"
    RPL_WHOISCHANNELS = "319"
    RPL_WHOISSPECIAL = "320"
    RPL_LISTSTART = "321"
    RPL_LIST = "322"
    RPL_LISTEND = "323"
    RPL_CHANNELMODEIS = "324"
    RPL_CREATIONTIME = "329"
    RPL_WHOISACCOUNT = "330"
    RPL_NOTOPIC = "331"
    RPL_TOPIC = "332"
    RPL_TOPICWHOTIME = "333"
    RPL_WHOISBOT = "335"
    RPL_INVITELIST = "336"
    RPL_ENDOFINVITELIST = "337"
    RPL_WHOISACTUALLY = "338"
    RPL_INVITING = "341"
    RPL_INVEXLIST = "346"
    RPL_ENDOFINVEXLIST = "347"
    RPL_EXCEPTLIST = "348"
    RPL_ENDOFEXCEPTLIST = "349"
    RPL_VERSION = "351"
    RPL_WHOREPLY = "352"
    RPL_NAMREPLY = "353"
    RPL_WHOSPCRPL = "354"
    RPL_LINKS = "364"
    RPL_ENDOFLINKS = "365"
    RPL_ENDOFNAMES = "366"
    RPL_BANLIST = "367"
    RPL_ENDOFBANLIST = "368"
    RPL_ENDOFWHOWAS = "369"
    RPL_INFO = "371"
    RPL_MOTD = "372"
    RPL_ENDOFINFO = "374"
    RPL_MOTDSTART = "375"
    RPL_ENDOFMOTD = "376"
    RPL_WHOISHOST = "378"
    RPL_WHOISMODES = "379"
    RPL_YOUREOPER = "381"
    RPL_REHASHING = "382"
    RPL_TIME = "391"
    RPL_VISIBLEHOST = "396"
    ERR_UNKNOWNERROR = "400"
    ERR_NOSUCHNICK = "401"
    ERR_NOSUCHSERVER = "402"
    ERR_NOSUCHCHANNEL = "403"
    ERR_CANNOTSENDTOCHAN = "404"
    ERR_TOOMANYCHANNELS = "405"
    ERR_WASNOSUCHNICK = "406"
    ERR_TOOMANYTARGETS = "407"
    ERR_NOORIGIN = "409"
    ERR_INVALIDCAPCMD = "410"
    ERR_NORECIPIENT = "411"
    ERR_NOTEXTTOSEND = "412"
    ERR_NOTOPLEVEL = "413"
    ERR_WILDTOPLEVEL = "414"
    ERR_BADMASK = "415"
    ERR_TOOMANYMATCHES = "416"
    ERR_INPUTTOOLONG = "417"
    ERR_UNKNOWNCOMMAND = "421"
    ERR_NOMOTD = "422"
    ERR_NOADMININFO = "423"
    ERR_NONICKNAMEGIVEN = "431"
    ERR_ERRONEUSNICKNAME = "432"
    ERR_NICKNAMEINUSE = "433"
    ERR_NICKCOLLISION = "436"
    ERR_UNAVAILRESOURCE = "437"
    ERR_USERNOTINCHANNEL = "441"
    ERR_NOTONCHANNEL = "442"
    ERR_USERONCHANNEL = "443"
    ERR_SUMMONDISABLED = "445"
    ERR_USERSDISABLED = "446"
    ERR_NONICKCHANGE = "447"
    ERR_NOTREGISTERED = "451"
    ERR_NEEDMOREPARAMS = "461"
    ERR_ALREADYREGISTERED = "462"
    ERR_PASSWDMISMATCH = "464"
    ERR_YOUREBANNEDCREEP = "465"
    ERR_KEYSET = "467"
    ERR_LINKCHANNEL = "470"
    ERR_CHANNELISFULL = "471"
    ERR_UNKNOWNMODE = "472"
    ERR_INVITEONLYCHAN = "473"
    ERR_BANNEDFROMCHAN = "474"
    ERR_BADCHANNELKEY = "475"
    ERR_BADCHANMASK = "476"
    ERR_NEEDREGGEDNICK = "477"
    ERR_BANLISTFULL = "478"
    ERR_THROTTLE = "480"
    ERR_NOPRIVILEGES = "481"
    ERR_CHANOPRIVSNEEDED = "482"
    ERR_CANTKILLSERVER = "483"
    ERR_RESTRICTED = "484"
    ERR_NOOPERHOST = "491"
    ERR_UMODEUNKNOWNFLAG = "501"
    ERR_USERSDONTMATCH = "502"
    ERR_HELPNOTFOUND = "524"
    ERR_INVALIDKEY = "525"
    ERR_CANTSENDTOUSER = "531"
    RPL_STARTTLS = "670"
    RPL_WHOISSECURE = "671"
    ERR_STARTTLS = "691"
    ERR_INVALIDMODEPARAM = "696"
    RPL_HELPSTART = "704"
    RPL_HELPTXT = "705"
    RPL_ENDOFHELP = "706"
    RPL_TARGUMODEG = "716"
    RPL_TARGNOTIFY = "717"
    RPL_UMODEGMSG = "718"
    ERR_NOPRIVS = "723"
    RPL_QUIETLIST = "728"
    RPL_ENDOFQUIETLIST = "729"
    RPL_MONONLINE = "730"
    RPL_MONOFFLINE = "731"
    RPL_MONLIST = "732"
    RPL_ENDOFMONLIST = "733"
    ERR_MONLISTFULL = "734"
    RPL_WHOISKEYVALUE = "760"
    RPL_KEYVALUE = "761"
    RPL_METADATAEND = "762"
    RPL_KEYNOTSET = "766"
    RPL_METADATASUBOK = "770"
    RPL_METADATAUNSUBOK = "771"
    RPL_METADATASUBS = "772"
    RPL_METADATASYNCLATER = "774"
    RPL_LOGGEDIN = "900"
    RPL_LOGGEDOUT = "901"
    ERR_NICKLOCKED = "902"
    RPL_SASLSUCCESS = "903"
    ERR_SASLFAIL = "904"
    ERR_SASLTOOLONG = "905"
    ERR_SASLABORTED = "906"
    ERR_SASLALREADY = "907"
    RPL_SASLMECHS = "908"


TEXTS: Final[Mapping[Numeric, str]] = MappingProxyType(
    {
        Numeric.RPL_ISUPPORT: "are supported by this server",
        Numeric.RPL_ENDOFSTATS: "End of /STATS report",
        Numeric.RPL_LUSEROP: "operator(s) online",
        Numeric.RPL_LUSERUNKNOWN: "unknown connection(s)",
        Numeric.RPL_LUSERCHANNELS: "channels formed",
        Numeric.RPL_ADMINME: "Administrative info",
        Numeric.RPL_TRYAGAIN: "Please wait a while and try again.",
        Numeric.RPL_UNAWAY: "You are no longer marked as being away",
        Numeric.RPL_NOWAWAY: "You have been marked as being away",
        Numeric.RPL_WHOISREGNICK: "has identified for this nick",
        Numeric.RPL_WHOISOPERATOR: "is an IRC operator",
        Numeric.RPL_ENDOFWHO: "End of WHO list",
        Numeric.RPL_WHOISIDLE: "seconds idle, signon time",
        Numeric.RPL_ENDOFWHOIS: "End of /WHOIS list",
        Numeric.RPL_LISTSTART: "Users  Name",
        Numeric.RPL_LISTEND: "End of /LIST",
        Numeric.RPL_WHOISACCOUNT: "is logged in as",
        Numeric.RPL_NOTOPIC: "No topic is set",
        Numeric.RPL_ENDOFINVITELIST: "End of /INVITE list",
        Numeric.RPL_WHOISACTUALLY: "Is actually using host",
        Numeric.RPL_ENDOFINVEXLIST: "End of Channel Invite Exception List",
        Numeric.RPL_ENDOFEXCEPTLIST: "End of channel exception list",
        Numeric.RPL_ENDOFLINKS: "End of /LINKS list",
        Numeric.RPL_ENDOFNAMES: "End of /NAMES list",
        Numeric.RPL_ENDOFBANLIST: "End of channel ban list",
        Numeric.RPL_ENDOFWHOWAS: "End of WHOWAS",
        Numeric.RPL_ENDOFINFO: "End of INFO list",
        Numeric.RPL_ENDOFMOTD: "End of /MOTD command.",
        Numeric.RPL_YOUREOPER: "You are now an IRC operator",
        Numeric.RPL_REHASHING: "Rehashing",
        Numeric.ERR_NOSUCHNICK: "No such nick/channel",
        Numeric.ERR_NOSUCHSERVER: "No such server",
        Numeric.ERR_NOSUCHCHANNEL: "No such channel",
        Numeric.ERR_CANNOTSENDTOCHAN: "Cannot send to channel",
        Numeric.ERR_TOOMANYCHANNELS: "You have joined too many channels",
        Numeric.ERR_WASNOSUCHNICK: "There was no such nickname",
        Numeric.ERR_NOORIGIN: "No origin specified",
        Numeric.RPL_ENDOFSILELIST: "End of silence list",
        Numeric.RPL_ENDOFRULES: "End of RULES command",
        Numeric.ERR_INVALIDCAPCMD: "Invalid CAP command",
        Numeric.ERR_NOTEXTTOSEND: "No text to send",
        Numeric.ERR_INPUTTOOLONG: "Input line was too long",
        Numeric.ERR_UNKNOWNCOMMAND: "Unknown command",
        Numeric.ERR_NOMOTD: "MOTD File is missing",
        Numeric.ERR_NONICKNAMEGIVEN: "No nickname given",
        Numeric.ERR_ERRONEUSNICKNAME: "Erroneus nickname",
        Numeric.ERR_NICKNAMEINUSE: "Nickname is already in use",
        Numeric.ERR_USERNOTINCHANNEL: "They aren't on that channel",
        Numeric.ERR_NOTONCHANNEL: "You're not on that channel",
        Numeric.ERR_USERONCHANNEL: "is already on channel",
        Numeric.ERR_NOTREGISTERED: "You have not registered",
        Numeric.ERR_NEEDMOREPARAMS: "Not enough parameters",
        Numeric.ERR_ALREADYREGISTERED: "You may not reregister",
        Numeric.ERR_PASSWDMISMATCH: "Password incorrect",
        Numeric.ERR_YOUREBANNEDCREEP: "You are banned from this server.",
        Numeric.ERR_CHANNELISFULL: "Cannot join channel (+l)",
        Numeric.ERR_UNKNOWNMODE: "is unknown mode char to me",
        Numeric.ERR_INVITEONLYCHAN: "Cannot join channel (+i)",
        Numeric.ERR_BANNEDFROMCHAN: "Cannot join channel (+b)",
        Numeric.ERR_BADCHANNELKEY: "Cannot join channel (+k)",
        Numeric.ERR_BADCHANMASK: "Bad Channel Mask",
        Numeric.ERR_NOPRIVILEGES: "Permission Denied- You're not an IRC operator",
        Numeric.ERR_CHANOPRIVSNEEDED: "You're not channel operator",
        Numeric.ERR_CANTKILLSERVER: "You cant kill a server!",
        Numeric.ERR_NOOPERHOST: "No O-lines for your host",
        Numeric.ERR_UMODEUNKNOWNFLAG: "Unknown MODE flag",
        Numeric.ERR_USERSDONTMATCH: "Cant change mode for other users",
        Numeric.ERR_HELPNOTFOUND: "No help available on this topic",
        Numeric.ERR_INVALIDKEY: "Key is not well-formed",
        Numeric.RPL_STARTTLS: "STARTTLS successful, proceed with TLS handshake",
        Numeric.RPL_WHOISSECURE: "is using a secure connection",
        Numeric.ERR_NOPRIVS: "Insufficient oper privileges.",
        Numeric.RPL_ENDOFMONLIST: "End of MONITOR list",
        Numeric.ERR_MONLISTFULL: "Monitor list is full.",
        Numeric.RPL_ENDOFQUIETLIST: "End of Channel Quiet List",
        Numeric.RPL_KEYNOTSET: "key not set",
        Numeric.RPL_LOGGEDOUT: "You are now logged out",
        Numeric.ERR_NICKLOCKED: "You must use a nick assigned to you",
        Numeric.RPL_SASLSUCCESS: "SASL authentication successful",
        Numeric.ERR_SASLFAIL: "SASL authentication failed",
        Numeric.ERR_SASLTOOLONG: "SASL message too long",
        Numeric.ERR_SASLABORTED: "SASL authentication aborted",
        Numeric.ERR_SASLALREADY: "You have already authenticated using SASL",
        Numeric.RPL_SASLMECHS: "are available SASL mechanisms",
    }
)
"""The documented last parameter, for those numerics where it is a fixed text."""
