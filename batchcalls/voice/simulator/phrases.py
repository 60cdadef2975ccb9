"""Hold what agents and callees say, in many ways; no logic here."""

from __future__ import annotations

# Opening -----------------------------------------------------------------------------------------

PICKED_UP = ("Hello?", "Yes, hello?", "Hi, who's this?", "Hello, good day.", "Hi there.")
ASK_FOR_NAME = (
    "Hi, is this {name}?",
    "Hello, am I speaking with {name}?",
    "Hi there, could I speak with {name}, please?",
    "Hello, I'm trying to reach {name}. Is that you?",
    "Hi, have I got {name} on the line?",
    "Good day, is that {name}?",
)
ASK_FOR_NAME_AT = (
    "Hi, is this {name} at {business}?",
    "Hello, am I speaking with {name} from {business}?",
    "Hi there, could I speak with {name} at {business}, please?",
    "Hello, have I reached {business}? I'm looking for {name}.",
)
ASK_FOR_BUSINESS = (
    "Hi, am I speaking with someone at {business}?",
    "Hello, is this {business}?",
    "Hi there, have I reached {business}?",
    "Hello, I'm trying to reach {business}. Is this the right number?",
)
ASK_FOR_A_MOMENT = (
    "Hi there, do you have a quick minute?",
    "Hello, have I caught you at a good moment?",
    "Hi, thanks for picking up. Is now an okay time?",
    "Hello, may I take a minute of your time?",
)
IT_IS_ME = (
    "Yes, this is {name}.",
    "Speaking.",
    "Yes, that's me.",
    "Yeah, who's calling?",
    "This is {name}, hi.",
    "Yes, what can I do for you?",
    "Yes, {name} here. Who's this?",
)
IT_IS_US = (
    "Yes, this is {business}. How can I help?",
    "Yes, that's us.",
    "Yes, who's calling, please?",
    "Yes, you've got {business}.",
)
HAVE_A_MOMENT = (
    "Sure, go ahead.",
    "Yes, I've got a minute.",
    "Okay, what's this about?",
    "If it's quick, yes.",
    "Yes, what is it?",
)
FINE_THANKS = (
    "I'm fine, thanks. What is this about?",
    "Doing well, thank you. Who's calling?",
    "Not bad, thanks. What can I do for you?",
)
THATS_RIGHT = ("Yes, that's right.", "That's right, yes. Why?", "Yes, it is.", "Yes. Who's this?")
GO_ON = (
    "Okay, I'm listening.",
    "Hi. What's this about?",
    "Right, go ahead.",
    "Hello. Yes, go on.",
)

# Who is calling, and why -------------------------------------------------------------------------

AGENT_OF = (
    "This is {agent} from {organisation}.",
    "My name is {agent}, I'm with {organisation}.",
    "It's {agent} here, from {organisation}.",
)
AGENT = ("This is {agent}.", "My name is {agent}.", "It's {agent} speaking.")
ORGANISATION = (
    "I'm calling on behalf of {organisation}.",
    "This is the virtual assistant of {organisation}.",
    "You're speaking with the assistant at {organisation}.",
)
ASSISTANT = (
    "I'm a virtual assistant.",
    "I'm an automated assistant.",
)
GOAL = (
    "I'm calling to {goal}.",
    "The reason for my call is to {goal}.",
    "I just wanted to {goal}.",
    "I'm getting in touch to {goal}.",
    "I was asked to {goal}.",
)
TOPIC = (
    "I'm calling about {topic}.",
    "This is about {topic}.",
    "I'm getting in touch about {topic}.",
    "It's about {topic}.",
)
CAUSE = ("I'm calling because {cause}.", "The reason I'm calling is that {cause}.")
NO_PURPOSE = (
    "I have a short update for you and one quick question.",
    "I'm calling with a quick update.",
    "I'd like to go over something with you, it won't take long.",
)

# The talk ----------------------------------------------------------------------------------------

WILLING = (
    "Oh yes, thanks for calling.",
    "Right, I was expecting that.",
    "Ah, good that you call.",
    "Okay, sure.",
    "Yes, go ahead.",
    "Oh good, I meant to get back to you about that.",
)
CONFIRM = (
    "I have the {label} down as {value}, is that right?",
    "In my notes the {label} is {value}. Is that still correct?",
    "Just to check, the {label} is {value}, yes?",
    "Can I confirm the {label} with you? I have {value}.",
    "Let me read back the {label}: {value}. Does that match?",
)
CONFIRM_MORE = (
    "And for the {label} I have {value}. Is that correct too?",
    "Then there's the {label}: {value}. Is that okay?",
    "One more thing, the {label}. I have {value} here.",
    "And the {label} would be {value}?",
)
CONFIRM_FLAG = (
    "My notes say {value} for {label}. Is that right?",
    "And {label}: it says {value} here. Does that fit?",
)
YES = (
    "Yes, that's right.",
    "Correct.",
    "That's right, yes.",
    "Yes, that matches what I have.",
    "Exactly.",
    "Yep, that's it.",
    "Let me see… yes, that's correct.",
)
NOTHING_TO_DO = (
    "Everything is in order on our side, and there's nothing you need to do.",
    "Your record with us is complete, so nothing changes for you.",
)
DOES_IT_SUIT = (
    "Does that work for you?",
    "Is that all right with you?",
    "How does that sound?",
    "Would that be okay?",
)
IT_SUITS = ("Yes, that works.", "Sure, that's fine.", "Sounds good to me.", "Yes, no problem.")
EXTRA = (
    "I'd also like to {extra}.",
    "I was also asked to {extra}.",
    "While I have you, I wanted to {extra}.",
)
EXTRA_REPLY = (
    "Sure, that's fine by me.",
    "Okay, yes.",
    "Of course.",
)
WRAP_UP = (
    "Perfect, then everything is set. Is there anything else I can help with?",
    "Great, I've noted that. Any questions for me?",
    "Wonderful, that's all I needed. Would you like to add anything?",
    "Good, that's it from my side. Anything else?",
)
NOTHING_ELSE = (
    "No, that's everything. Thank you.",
    "No, I'm good, thanks.",
    "That's all, thanks for letting me know.",
)

DECLINE = (
    "Thanks, but I'm not interested at the moment.",
    "I'll stop you there, that's not something I need right now.",
    "No, sorry, that isn't for me.",
    "I appreciate the call, but I'll have to say no.",
)
ASK_WHY = (
    "I understand. May I ask why?",
    "No problem at all. Is there a particular reason?",
    "That's fine. Could I note down the reason?",
)
#: What is said, and how the summary puts it.
REASONS = (
    ("We already have someone for that.", "already has another provider"),
    ("It's just too expensive for me right now.", "finds it too expensive right now"),
    ("The timing isn't good, maybe next year.", "says that the timing is not good"),
    ("I've changed my mind, that's all.", "has changed their mind"),
    ("I simply don't need it any more.", "does not need it any more"),
)
NOTED = (
    "Thanks for telling me, I've noted it.",
    "Fair enough, I've made a note.",
    "Thank you for being open with me.",
)
NOTED_WITH = (
    "Thanks for telling me. I've put that next to the {label}, {value}.",
    "Fair enough. I've added that to my note about the {label}, {value}.",
)

BUSY_NOW = (
    "I'm at work right now, can you try me later?",
    "This is a bad moment, I'm about to drive.",
    "Sorry, I'm just walking into a meeting. Could you call back?",
    "I've got my hands full right now. Another time?",
)
ASK_WHEN = (
    "Of course. When would be a better time?",
    "Sure, no problem. When should I call back?",
    "I understand. What time suits you?",
)
#: What is said, the time as the agent repeats it, and how many days ahead it lies.
CALL_BACK_TIMES = (
    ("Tomorrow afternoon, after three.", "tomorrow afternoon after three", 1),
    ("This evening around six would be fine.", "this evening around six", 0),
    ("Try me tomorrow morning.", "tomorrow morning", 1),
    ("The day after tomorrow, before noon.", "the day after tomorrow before noon", 2),
    ("Any day next week.", "next week", 7),
)
CALL_BACK = (
    "All right, I've put down {when}.",
    "Good, we'll call you {when}.",
    "I'll make a note to call {when}.",
)
CALL_BACK_ABOUT = (
    "All right, I've put down {when}. It will be about the {label}, {value}.",
    "Good, we'll call you {when} about the {label}, {value}.",
)
AGREED = ("Great, thanks.", "That works.", "Perfect, talk to you then.", "Okay, thanks.")

WHAT_IS_IT = (
    "Okay, but what is this about exactly?",
    "Could you send me that in writing instead?",
)
QUESTIONS = (
    "Hm, how long will it take?",
    "What would that cost me, roughly?",
    "Could you send me that in writing first?",
    "Who would I be dealing with?",
    "Is there anything I need to prepare?",
    "Can that still be changed later?",
)
CANNOT_SAY = (
    "Good question. I don't have that in front of me, so a colleague will send you the details.",
    "I'd rather not guess. I'll have someone get back to you on that.",
    "I can't say from here, but I'll pass your question on today.",
)

AGREED_TO_WAIT = ("Okay, thanks.", "All right.", "That would be good.", "Fine, I'll wait for that.")

STOP_CALLING = (
    "Please take me off your list. I don't want any more calls.",
    "Don't call me again, please. Remove my number.",
    "I've said this before: take my number off your list.",
)
WILL_STOP = (
    "I'm sorry for the trouble. I'm taking you off our list right now.",
    "Understood, I apologize. Your number is off our list as of now.",
    "Of course. You won't get any more calls from us.",
)
FINE_THEN = ("Thank you.", "Good. Bye.", "Thanks. Goodbye.")

# Closing and voicemail ---------------------------------------------------------------------------

CLOSE_NAME = (
    "Thank you, {name}. Have a good day!",
    "Thanks for your time, {name}. Goodbye!",
    "All right, {name}, take care. Bye!",
    "Thanks, {name}. All the best!",
)
CLOSE = (
    "Thank you. Have a good day!",
    "Thanks for your time. Goodbye!",
    "All right, take care. Bye!",
    "Many thanks, and goodbye!",
)
BYE = ("Bye.", "Thanks, bye.", "You too. Bye!", "Goodbye.")
CALL_US_BACK = (
    "Please call us back when you have a moment. Thank you!",
    "You can reach us at this number. Have a good day!",
)
GREETING_NAME = (
    "Hi, you've reached {name}. I can't come to the phone right now, please leave a message "
    "after the tone.",
    "This is the voicemail of {name}. Please speak after the beep.",
    "Hey, it's {name}. Leave me a message and I'll call you back.",
)
GREETING_BUSINESS = (
    "Thank you for calling {business}. We can't take your call right now. Please leave a message.",
    "You've reached {business}. Please leave your name and number after the tone.",
)
GREETING = (
    "The person you are calling is not available. Please leave a message after the tone.",
    "Your call has been forwarded to voicemail. Please record your message after the beep.",
)
